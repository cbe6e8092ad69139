// @ts-check
/** How much a GraphQL request may hold. */

/** @typedef {import("../workspace/files.js").ScriptFileInput} ScriptFileInput */

/** The server's default for the body of a request is 1 MiB. */
const LARGEST_REQUEST = 900_000;

/** Whether the files are more than a GraphQL request may hold. @param {readonly ScriptFileInput[]} files */
export function isLarge(files) {
  let length = 0;
  for (const { path, text, base64 } of files)
    length += path.length + (text ?? base64 ?? "").length * (text ? 1.1 : 1);
  return length > LARGEST_REQUEST;
}
