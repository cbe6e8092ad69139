// @ts-check
/** Import paths between the files of a script. */

/** An import or export with a path, as far as completion and definitions need it. */
const STATEMENT =
  /^[ \t]*(?:import|export)\s+(?:type\s+)?(?:([\w$*\s{},]+?)\s+from\s*)?["']([^"'\n]+)["']/gm;

/** The path of the import that the text ends in: `import { a } from "./li`. */
const UNFINISHED = /(?:\bfrom\s*|\bimport\s*\(?\s*)(["'])([^"'\n]*)$/;

/**
 * Resolves a relative import; null for one that is not relative or leads out of the script.
 * @param {string} from path of the importing file @param {string} specifier
 */
export function resolved(from, specifier) {
  if (!/^\.\.?\//.test(specifier)) return null;
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return null;
  }
  return parts.join("/");
}

/** The specifier by which one file imports another. @param {string} from @param {string} to */
export function specifierOf(from, to) {
  const folder = from.split("/").slice(0, -1);
  const target = to.split("/");
  while (folder.length > 0 && target.length > 1 && folder[0] === target[0]) {
    folder.shift();
    target.shift();
  }
  return `${folder.length > 0 ? "../".repeat(folder.length) : "./"}${target.join("/")}`;
}

/**
 * What a file imports by name: each local name with the file and the name there.
 * @param {string} path @param {string} text
 * @returns {Map<string, { path: string, name: string }>}
 */
export function importsOf(path, text) {
  const found = new Map();
  for (const [, names = "", specifier] of text.matchAll(STATEMENT)) {
    const target = resolved(path, specifier);
    if (target === null) continue;
    const [, whole] = /^\s*([\w$]+)/.exec(names) ?? [];
    if (whole) found.set(whole, { path: target, name: "default" });
    const [, inside = ""] = /\{([^}]*)\}/.exec(names) ?? [];
    for (const one of inside.split(",")) {
      const [, name, local = name] =
        /^\s*(?:type\s+)?([\w$]+)(?:\s+as\s+([\w$]+))?\s*$/.exec(one) ?? [];
      if (name) found.set(local, { path: target, name });
    }
  }
  return found;
}

/** The unfinished path before the cursor; null elsewhere. @param {string} before the line up to it */
export function pathBefore(before) {
  return UNFINISHED.exec(before)?.[2] ?? null;
}

/**
 * Where an import of a name belongs, and its text: into the import from that file if there is one.
 * @param {string} text @param {string} path of the importing file
 * @param {{ path: string, name: string }} wanted
 * @returns {{ at: number, insert: string }}
 */
export function importEdit(text, path, wanted) {
  let end = 0;
  for (const found of text.matchAll(STATEMENT)) {
    const [statement, names = "", specifier] = found;
    end = found.index + statement.length;
    const brace = statement.indexOf("}");
    const isType = /^\s*import\s+type\b/.test(statement);
    if (!/^\s*import\b/.test(statement) || isType || brace < 0) continue;
    if (resolved(path, specifier) !== wanted.path) continue;
    const before = statement.slice(0, brace).trimEnd();
    const isEmpty = /\{\s*$/.test(names.slice(0, names.indexOf("}")));
    const comma = isEmpty || before.endsWith(",") ? " " : ", ";
    return { at: found.index + before.length, insert: `${comma}${wanted.name}` };
  }
  const line = `import { ${wanted.name} } from "${specifierOf(path, wanted.path)}";`;
  if (end === 0) return { at: 0, insert: `${line}\n` };
  const next = text.indexOf("\n", end);
  return next < 0
    ? { at: text.length, insert: `\n${line}` }
    : { at: next + 1, insert: `${line}\n` };
}
