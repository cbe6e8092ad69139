// @ts-check
/** How much a GraphQL request may hold. */

/** @typedef {import("../workspace/files.js").ScriptFileInput} ScriptFileInput */

/** In bytes: the server's default for the body of a request is 1 MiB. */
export const LARGEST_REQUEST = 900_000;

/** Whether the files are more than a GraphQL request may hold. @param {readonly ScriptFileInput[]} files */
export function isLarge(files) {
  let size = 0;
  for (const file of files) {
    // A character is at least one byte: what is too large by far is not encoded.
    size += (file.text ?? file.base64 ?? "").length;
    if (size > LARGEST_REQUEST) return true;
  }
  return new TextEncoder().encode(JSON.stringify(files)).length > LARGEST_REQUEST;
}
