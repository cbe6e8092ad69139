// The author's files as text, while they may be read: for places of what has no stack.

/** Reads files of *folder*. */
export class Source {
  #folder;
  #read;
  #texts = new Map();

  constructor(folder, read) {
    this.#folder = folder;
    this.#read = read;
  }

  /** The text of a file; empty if it can't be read. */
  text(file) {
    if (!this.#texts.has(file)) {
      let text = "";
      try {
        text = this.#read(`${this.#folder}/${file}`);
      } catch {
        // A place is missing then, nothing else.
      }
      this.#texts.set(file, text);
    }
    return this.#texts.get(file);
  }

  /** The first place in *file* that *pattern* matches, as `{file, line, column}`. */
  find(file, pattern) {
    const text = this.text(file);
    const at = text.search(pattern);
    if (at < 0) return { file, line: null, column: null };
    const before = text.slice(0, at);
    return { file, line: before.split("\n").length, column: at - before.lastIndexOf("\n") };
  }

  /** The quoted text that begins at a place; null if there is none. */
  quoted(file, line, column) {
    const rest = (this.text(file).split("\n")[line - 1] ?? "").slice(column - 1);
    return /^(["'`])(.*?)\1/.exec(rest)?.[2] ?? null;
  }
}

/** A pattern for *text* as a whole name or a quoted key. */
export function named(text) {
  return new RegExp(`(?<![\\w$.])["'\`]?${text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w$])`);
}
