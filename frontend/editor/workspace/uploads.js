// @ts-check
/** Files that somebody chose or dropped, read and bounded. */
import { count, size } from "../../lib/format.js";
import { MOST_FILES, TOO_MANY } from "./paths.js";

/** What the server takes, see its `scripts.files`. */
const LARGEST_FILE_BYTES = 10_000_000;
const LARGEST_VERSION_BYTES = 50_000_000;
/** What comes along from a computer, and nobody wants. */
const LEFT_OUT = new Set([".DS_Store", "Thumbs.db", "node_modules", ".git"]);

/** @typedef {{ path: string, file: File }} Upload @typedef {{ path: string, content: string | Uint8Array }} Content */

/** A path has at most 200 characters, so no file of a script is deeper. */
const DEEPEST = 100;
/** Files and folders that are looked at, so that a tree of empty folders ends too. */
const MOST_ENTRIES = 2 * MOST_FILES;

/**
 * The files of a drop, those in dropped folders too. To be called in the event, before its data are
 * gone.
 * @param {Pick<DataTransfer, "items">} given @param {(name: string) => boolean} [isLeftOut]
 * @returns {Promise<Upload[]>}
 * @throws {Error} for more than the server takes
 */
export async function dropped(given, isLeftOut = (name) => LEFT_OUT.has(name)) {
  const entries = [...given.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const found = { files: /** @type {Upload[]} */ ([]), bytes: 0, entries: 0, isLeftOut };
  for (const entry of entries) await collect(entry, found, 1);
  return found.files;
}

/**
 * @param {FileSystemEntry} entry
 * @param {{ files: Upload[], bytes: number, entries: number, isLeftOut: (name: string) => boolean }} found
 * @param {number} depth
 */
async function collect(entry, found, depth) {
  if (found.isLeftOut(entry.name)) return;
  found.entries += 1;
  if (found.files.length >= MOST_FILES || found.entries > MOST_ENTRIES) throw new Error(TOO_MANY);
  if (depth > DEEPEST) throw new Error(`The folder has more than ${count(DEEPEST)} levels.`);
  if (entry.isFile) {
    const source = /** @type {FileSystemFileEntry} */ (entry);
    const file = await new Promise((done, failed) => source.file(done, failed));
    found.bytes += file.size;
    if (found.bytes > LARGEST_VERSION_BYTES) throw tooLarge(found.bytes);
    found.files.push({ path: entry.fullPath.replace(/^\//, ""), file });
    return;
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  // A reader returns at most 100 entries at a time.
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (some.length === 0) return;
    for (const one of some) await collect(one, found, depth + 1);
  }
}

/**
 * Reads the files: as text where they are text in UTF-8.
 * @param {readonly Upload[]} uploads @param {string} folder where they belong, with its slash
 * @returns {Promise<Content[]>}
 * @throws {Error} for more than the server takes
 */
export async function contentsOf(uploads, folder) {
  if (uploads.length > MOST_FILES)
    throw new Error(
      `You chose ${count(uploads.length, "file")}; allowed: at most ${count(MOST_FILES)}.`,
    );
  let total = 0;
  for (const { path, file } of uploads) {
    total += file.size;
    if (file.size > LARGEST_FILE_BYTES)
      throw new Error(
        `${path} has ${size(file.size)}; a file may have at most ${size(LARGEST_FILE_BYTES)}.`,
      );
  }
  if (total > LARGEST_VERSION_BYTES) throw tooLarge(total);
  return Promise.all(
    uploads.map(async ({ path, file }) => ({
      path: folder + path,
      content: contentOf(new Uint8Array(await file.arrayBuffer())),
    })),
  );
}

/** @param {number} bytes */
const tooLarge = (bytes) =>
  new Error(
    `The files have ${size(bytes)}; a script may have at most ${size(LARGEST_VERSION_BYTES)}.`,
  );

/** The text of bytes in UTF-8, else the bytes. @param {Uint8Array<ArrayBuffer>} bytes */
export function contentOf(bytes) {
  if (bytes.includes(0)) return bytes;
  try {
    // A mark at the beginning belongs to the text: the file stays what it was.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes;
  }
}
