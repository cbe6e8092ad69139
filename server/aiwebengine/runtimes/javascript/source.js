// The author's files as text, while they may be read: for places of what has no stack.

// Comments and template literals are skipped; a string is a specifier after `import` or `from`.
const TOKEN =
  /\/\/[^\n]*|\/\*[^]*?\*\/|`(?:\\[^]|[^\\`])*`|(\b(?:import|from)\b\s*\(?\s*)?(?:"((?:\\.|[^"\\\n])*)"|'((?:\\.|[^'\\\n])*)')/g;

/** Reads files of *folder*. */
export class Source {
  #folder;
  #entry;
  #read;
  #texts = new Map();

  constructor({ folder, entry, read }) {
    this.#folder = folder;
    this.#entry = entry;
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
    return at < 0 ? { file, line: null, column: null } : { file, ...position(text, at) };
  }

  /** Where the entry, or a file that it imports, imports *specifier*. */
  findImport(specifier) {
    for (const found of this.#imports()) if (found.specifier === specifier) return found.place();
    return { file: null, line: null, column: null };
  }

  /** The first import of what is no file, `{specifier, file, line, column}`; null without one. */
  findForeignImport() {
    for (const { specifier, place } of this.#imports()) {
      if (/^(?:data|blob|node):/i.test(specifier)) return { specifier, ...place() };
    }
    return null;
  }

  // By the look of the text, for messages. What can be imported is decided by the import map.
  *#imports() {
    const files = new Set([this.#entry]);
    for (const file of files) {
      const text = this.text(file);
      for (const match of text.matchAll(TOKEN)) {
        if (match[1] === undefined) continue;
        const specifier = match[2] ?? match[3];
        const at = match.index + match[1].length;
        yield { specifier, place: () => ({ file, ...position(text, at) }) };
        if (specifier.startsWith(".")) files.add(resolved(file, specifier));
      }
    }
  }

  /** The quoted text that begins at a place; null if there is none. */
  quoted(file, line, column) {
    const rest = (this.text(file).split("\n")[line - 1] ?? "").slice(column - 1);
    return /^(["'`])(.*?)\1/.exec(rest)?.[2] ?? null;
  }
}

function position(text, at) {
  const before = text.slice(0, at);
  return { line: before.split("\n").length, column: at - before.lastIndexOf("\n") };
}

function resolved(file, specifier) {
  return decodeURI(new URL(specifier, `file:///${file}`).pathname.slice(1));
}

/** A pattern for *text* as a whole name or a quoted key. */
export function named(text) {
  return new RegExp(`(?<![\\w$.])["'\`]?${text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w$])`);
}
