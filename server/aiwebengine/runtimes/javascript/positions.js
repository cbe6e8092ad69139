// Where something happened in the author's files, and errors in these terms.

import { plainMessage } from "./import_messages.js";
import { exec, indexOf, isPrototypeOf, slice, stringify } from "./safe.js";

// Author code can replace the globals.
const { Error, String } = globalThis;

/** The file that a snippet counts as. A line is put before what is evaluated. */
export const SNIPPET = "(snippet)";

// As V8 writes it in a stack.
const UNNAMED_SNIPPET = `${SNIPPET}, <anonymous>`;
// Functions that the engine adds to the entry: dialects.py.
const OURS = " __aiwebengine_";
const ESCAPED = /[.*+?^${}()|[\]\\]/g;
const NOTHING_KNOWN = { file: null, line: null, column: null };
const MOST_CAUSES = 5;
// In characters. The host ends a process whose frames are too long.
const LONGEST_MESSAGE = 10_000;
const LONGEST_STACK = 30_000;

/** Reads stacks and messages for places in *folder*. */
export class Positions {
  // Addresses begin with it. Deno decodes those in stacks, and only those.
  #encoded;
  #decoded;
  #folder;
  #place;

  constructor(folder) {
    this.#encoded = `file://${encoded(folder)}/`;
    this.#decoded = `file://${folder}/`;
    this.#folder = `${folder}/`;
    const prefixes = `${escaped(this.#encoded)}|${escaped(this.#decoded)}`;
    this.#place = new RegExp(`(?:${prefixes})([^\\n"]+?):(\\d+):(\\d+)`);
  }

  /** The address of a file of the folder. */
  address(path) {
    return this.#encoded + encoded(path);
  }

  /** The first place in *text* as `{file, line, column}`; all null without one. */
  find(text) {
    const found = typeof text === "string" ? exec(this.#place, text) : null;
    if (found === null) return NOTHING_KNOWN;
    // By index: author code can change how a list is taken apart.
    const path = found[1];
    const line = +found[2];
    const column = +found[3];
    if (path === SNIPPET || path === UNNAMED_SNIPPET)
      return { file: SNIPPET, line: line - 1, column };
    return { file: decoded(path), line, column };
  }

  /** *text* with paths relative to the folder. */
  shortened(text) {
    const relative = without(this.#folder, without(this.#encoded, without(this.#decoded, text)));
    const inSnippet = /\(snippet\)(?:, <anonymous>)?:(\d+):/g;
    let result = "";
    let from = 0;
    for (let found = exec(inSnippet, relative); found; found = exec(inSnippet, relative)) {
      result += `${slice(relative, from, found.index)}${SNIPPET}:${found[1] - 1}:`;
      from = inSnippet.lastIndex;
    }
    return result + slice(relative, from);
  }

  /** What `FAILED` and `NOT_READY` report of anything that was thrown. */
  describe(error) {
    try {
      const message = this.#messageOf(error);
      const stack = isError(error) ? String(error.stack) : "";
      let { file, line, column } = this.find(stack);
      if (file === null && isError(error)) ({ file, line, column } = this.find(error.message));
      return { message, file, line, column, stack: this.stackOf(error) };
    } catch {
      return { message: "an error that can't be shown", ...NOTHING_KNOWN, stack: "" };
    }
  }

  /** Message and stack of an error and its causes, with the author's frames only. */
  stackOf(error) {
    let text = "";
    for (let count = 0; isError(error) && count < MOST_CAUSES; count++) {
      if (count > 0) text += "\nCaused by: ";
      text += this.#messageOf(error) + this.#frames(String(error.stack));
      error = error.cause;
    }
    return cut(text, LONGEST_STACK);
  }

  #messageOf(error) {
    return plainMessage(this.shortened(cut(messageOf(error), LONGEST_MESSAGE)));
  }

  #frames(stack) {
    const eachLine = /^ {4}at .*$/gm;
    let text = "";
    for (let line = exec(eachLine, stack); line !== null; line = exec(eachLine, stack)) {
      if (indexOf(line[0], OURS) >= 0) continue;
      if (exec(this.#place, line[0]) !== null) text += `\n${this.shortened(line[0])}`;
    }
    return text;
  }
}

/** The text of a `FAILED` or `NOT_READY` head. */
export function errorHead({ message, file, line, column, stack }) {
  // Assembled of texts: an object would ask a changed Object.prototype.toJSON.
  return (
    `{"message":${stringify(message)},"file":${stringify(file)},"line":${line},` +
    `"column":${column},"stack":${stringify(stack)}}`
  );
}

function messageOf(error) {
  if (!isError(error)) return typeof error === "string" ? error : `threw ${String(error)}`;
  const name = String(error.name);
  const message = String(error.message);
  return name === "Error" && message !== "" ? message : message ? `${name}: ${message}` : name;
}

const isError = (value) => isPrototypeOf(Error.prototype, value);

const cut = (text, most) => (text.length > most ? `${slice(text, 0, most)}…` : text);

const escaped = (text) => text.replace(ESCAPED, "\\$&");

function without(prefix, text) {
  let result = "";
  let from = 0;
  for (;;) {
    const at = indexOf(text, prefix, from);
    if (at < 0) return result + slice(text, from);
    result += slice(text, from, at);
    from = at + prefix.length;
  }
}

/** A path as import_map.py writes it. */
function encoded(path) {
  return path.split("/").map(encodeURIComponent).join("/");
}

function decoded(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
