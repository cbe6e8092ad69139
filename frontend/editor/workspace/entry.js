// @ts-check
/** The content of a file in the workspace. */
import { fromBase64, toBase64 } from "./base64.js";

/**
 * @typedef {{ readonly length: number, toString: () => string }} Text
 *   a text that is made only when somebody reads it, as the code editor has it
 * @typedef {{ digest: string, size: number }} Kept
 *   a file that is too large to be here: its content stays on the server
 * @typedef {{ text: Text | null, made: string | null, bytes: Uint8Array | null, kept: Kept | null,
 *   isChanged: boolean | null }} Entry
 *   made: the text as a string, isChanged: both null when nobody has asked yet
 */

/**
 * A text is an object of its own, so that one which was set again is another document.
 * @param {string | Uint8Array | Kept} content @param {boolean | null} [isChanged] @returns {Entry}
 */
export function entryOf(content, isChanged = null) {
  const none = { text: null, made: null, bytes: null, kept: null, isChanged };
  if (content instanceof Uint8Array) return { ...none, bytes: content };
  if (typeof content !== "string") return { ...none, kept: content };
  const text = { length: content.length, toString: () => content };
  return { ...none, text, made: content };
}

/** The text of an entry as a string; null for one without. @param {Entry | undefined} entry */
export function textOf(entry) {
  if (!entry?.text) return null;
  entry.made ??= entry.text.toString();
  return entry.made;
}

/**
 * Whether the content is another one than that of the base version.
 * @param {Entry} entry @param {string | Uint8Array | Kept | undefined} base undefined: not there
 */
export function differs(entry, base) {
  const { bytes, kept, text } = entry;
  if (base === undefined) return true;
  if (typeof base === "string") return base.length !== text?.length || base !== textOf(entry);
  if (base instanceof Uint8Array) return !bytes || !hasBytes(bytes, base);
  return kept?.digest !== base.digest;
}

/** @param {Uint8Array} one @param {Uint8Array} other */
const hasBytes = (one, other) =>
  one === other ||
  (one.length === other.length && one.every((byte, index) => byte === other[index]));

/**
 * What was sent of a file that is no text, as the object that is here if it is still the same.
 * @param {import("./files.js").ScriptFileInput} sent @param {Entry | undefined} here
 * @returns {Uint8Array | Kept}
 */
export function sentOther({ digest, base64 }, here) {
  const { bytes, kept } = here ?? {};
  if (digest) return kept?.digest === digest ? kept : { digest, size: 0 };
  return bytes && toBase64(bytes) === base64 ? bytes : fromBase64(base64 ?? "");
}
