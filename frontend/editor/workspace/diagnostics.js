// @ts-check
/** Problems of a file as marks in its code. */

/**
 * @typedef {import("./files.js").Problem} Problem
 * @typedef {{ readonly lines: number,
 *   line: (number: number) => { from: number, to: number, text: string } }} Lines
 */

/**
 * Marks the word at each problem; a problem without a place is shown in the panel only.
 * @param {Lines} doc @param {readonly Problem[]} problems
 * @returns {import("@codemirror/lint").Diagnostic[]}
 */
export function diagnosticsOf(doc, problems) {
  return problems.flatMap(({ line, column, message, severity, source }) => {
    // The text may have become shorter since it was checked.
    if (!line || line > doc.lines) return [];
    const found = doc.line(line);
    const start = Math.min((column ?? 1) - 1, found.text.length);
    const word = /^[\w$]+|^\S/.exec(found.text.slice(start))?.[0].length ?? 0;
    return [
      {
        from: found.from + start,
        to: found.from + start + word,
        severity: severity === "ERROR" ? "error" : "warning",
        message,
        source,
      },
    ];
  });
}
