// Why author code could not be loaded, in the author's terms.

import { refusal } from "./import_messages.js";

// What Deno reports for an import that the import map or an option prevents.
const REFUSED = [
  /can't be imported: only files of the same folder/,
  /The requested module 'node:/,
  /backtracks above its prefix/,
  /npm specifiers were requested/,
  /A remote specifier was requested/,
  /Requires import access/,
  /Invalid file path/,
  /^blob:\S* does not exist/,
  /not a dependency/,
  /Unsupported scheme/,
  /JSR package manifest/,
];

/** Author code that can't be served; *place* is `{file, line, column}` or a part of it. */
export class LoadError extends Error {
  constructor(message, place) {
    super(message);
    const { file = null, line = null, column = null } = place;
    this.place = { file, line, column };
  }
}

/** Throws unless *address*, which is that of the root folder, is one of the import map. */
export function checkImportMap(address) {
  if (!address.endsWith("/refused/")) throw new LoadError("the import map is missing", {});
}

/**
 * Throws for an import of what is no file. The import map can't refuse `data:`, nor three modules of
 * Node that Deno has loaded itself; they give a program nothing that it doesn't have.
 */
export function checkImports(source) {
  const found = source.findForeignImport();
  if (found !== null) throw new LoadError(refusal(found.specifier), found);
}

/** An error while loading, as `Positions.describe` returns them. */
export function describeLoading(error, positions, source) {
  const found = positions.describe(error);
  if (error instanceof LoadError) return { ...found, ...error.place, stack: "" };
  // Deno puts this before errors of the files that it loads.
  const [message] = found.message.replace(/^TypeError: (?=\w*Error: )/, "").split("\n");
  if (REFUSED.some((pattern) => pattern.test(message))) return refused(found, message, source);
  return { ...found, message: withoutPlace(message) };
}

function refused(found, message, source) {
  const named = /["'](node:[^"']+)["']/.exec(message)?.[1];
  if (named !== undefined) {
    return { ...found, message: refusal(named), ...source.findImport(named), stack: "" };
  }
  const specifier = source.quoted(found.file, found.line, found.column) ?? "This module";
  return { ...found, message: refusal(specifier) };
}

// It has fields of its own.
const withoutPlace = (message) => message.replace(/ at [^\s:]+:\d+:\d+$/, "");
