// @ts-check
/** Rules for the paths of files. The server's `scripts.files` has the same, and decides. */
import { count } from "../../lib/format.js";

export const MOST_FILES = 1_000;
const LONGEST_PATH = 200;
/** Bytes that file systems take as one name. */
const LONGEST_NAME = 255;
export const TOO_MANY = `A script has at most ${count(MOST_FILES, "file")}.`;
const HIDDEN = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/**
 * What is wrong with the path of a new file; empty when nothing is.
 * @param {string} path @param {readonly string[]} others the paths of the other files
 */
export function pathProblem(path, others) {
  if (!path) return "Enter a path, such as lib/text.ts.";
  if (path.length > LONGEST_PATH)
    return `The path has ${path.length} characters; allowed: 1 to ${LONGEST_PATH}.`;
  if (HIDDEN.test(path)) return "The path contains a hidden character.";
  if (path.includes("\\") || path.startsWith("/") || path[1] === ":")
    return `${path} is not allowed; use a relative path such as lib/text.ts.`;
  const bad = path.split("/").find((name) => ["", ".", ".."].includes(name) || isLong(name));
  if (bad !== undefined)
    return `The path contains "${bad.slice(0, 20)}"; allowed: names of 1 to ${LONGEST_NAME} bytes, but not "." or "..".`;
  if (others.length >= MOST_FILES) return TOO_MANY;
  return clash(path, others);
}

/** @param {string} name */
const isLong = (name) => new TextEncoder().encode(name).length > LONGEST_NAME;

/** @param {string} path @param {readonly string[]} others */
function clash(path, others) {
  const folded = path.toLowerCase();
  for (const other of others) {
    const known = other.toLowerCase();
    if (other === path) return `There is a file ${path} already.`;
    if (known === folded) return `${path} differs from ${other} only in case.`;
    if (folded.startsWith(`${known}/`)) return `${other} is a file, so it can't be a folder.`;
    if (known.startsWith(`${folded}/`)) return `${path} is a folder, because ${other} is in it.`;
  }
  return "";
}
