// Why author code could not be loaded, in the author's terms.

const REFUSED = [
  /Blocked by null entry for/,
  /backtracks above its prefix/,
  /npm specifiers were requested/,
  /A remote specifier was requested/,
  /not a dependency/,
  /Unsupported scheme/,
  /JSR package manifest/,
];
const MISSING = /^Module not found "?([^"\n]+?)"?\.?$/;

/** Author code that can't be served; *place* is `{file, line, column}` or a part of it. */
export class LoadError extends Error {
  constructor(message, place) {
    super(message);
    this.place = { file: null, line: null, column: null, ...place };
  }
}

/** An error while loading, as `Positions.describe` returns them. */
export function describeLoading(error, positions, source) {
  const found = positions.describe(error);
  if (error instanceof LoadError) return { ...found, ...error.place, stack: "" };
  const [first] = found.message.replace(/^TypeError: (?=\w*Error: )/, "").split("\n");
  const message = positions.shortened(first).replace(/^(TypeError: )+(?=Module not found)/, "");
  if (REFUSED.some((pattern) => pattern.test(message))) return refused(found, message, source);
  return { ...found, message: withoutPlace(missing(message)) };
}

function refused(found, message, source) {
  const specifier =
    source.quoted(found.file, found.line, found.column) ??
    /"+(?:file:\/\/\/)?([^"]+)"+/.exec(message)?.[1] ??
    "this";
  return { ...found, message: refusal(specifier) };
}

/** What is reported for a specifier that can't be imported. */
export function refusal(specifier) {
  return `"${specifier}" can't be imported: only files of the same folder can, as "./name.js"`;
}

function missing(message) {
  const path = MISSING.exec(message.replace(/^TypeError: /, ""))?.[1];
  return path === undefined ? message : `${path} does not exist`;
}

// It has fields of its own.
const withoutPlace = (message) => message.replace(/ at [^\s:]+:\d+:\d+$/, "");
