// @ts-check
/** The content of a file in the workspace. */

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
