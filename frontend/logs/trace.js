// @ts-check
/** The lines of a Python traceback. */

/** @typedef {{ text: string, own: boolean }} TraceLine */

const FRAME = /^\s*File "([^"]*)", line \d+/;
/** The path of the engine's own code, however it was installed. */
const OURS = /(^|\/)aiwebengine\//;

/**
 * The lines of a trace; *own* marks the frames of the engine's code, with the code below them.
 * @param {string} trace
 * @returns {TraceLine[]}
 */
export function traceLines(trace) {
  let own = false;
  return trace
    .replace(/\n$/, "")
    .split("\n")
    .map((text) => {
      const frame = FRAME.exec(text);
      // The error itself, and what stands between two traces, begin at the margin.
      if (frame) own = OURS.test(frame[1] ?? "");
      else if (/^\S/.test(text)) own = false;
      return { text, own };
    });
}

/** The trace in a line's fields; null without one. @param {Record<string, unknown>} fields */
export function traceOf(fields) {
  const found = [fields.exception, fields.stack_info].filter((one) => typeof one === "string");
  return found.length ? found.join("\n") : null;
}
