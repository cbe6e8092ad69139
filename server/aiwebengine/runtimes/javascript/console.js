// The console of author code: each line is a LOG frame with its place and its call.

import { LOG } from "./frames.js";
import { stringify } from "./safe.js";

// Author code can replace the globals.
const { Error } = globalThis;

const LONGEST_TEXT = 20_000;
const INSPECT = { colors: false, depth: 5, strAbbreviateSize: 10_000 };

/** Writes log lines; *numberOfCall* returns the running call's number, 0 outside of calls. */
export class Log {
  #send;
  #positions;
  #inspect;
  #numberOfCall;

  constructor(send, positions, inspect, numberOfCall) {
    this.#send = send;
    this.#positions = positions;
    this.#inspect = inspect;
    this.#numberOfCall = numberOfCall;
  }

  /** Logs *parts* with the place of the caller's caller. */
  write(level, parts) {
    this.#line(level, this.text(parts), this.#positions.find(new Error().stack));
  }

  /** Logs an error with the place where it was thrown. */
  error(prefix, error, call = this.#numberOfCall()) {
    const { message, file, line, column, stack } = this.#positions.describe(error);
    this.#line("error", `${prefix}: ${stack || message}`, { file, line, column }, call);
  }

  /** *parts* as console.log shows them, separated by spaces. */
  text(parts) {
    let text = "";
    for (let at = 0; at < parts.length; at++) {
      text += at === 0 ? this.#shown(parts[at]) : ` ${this.#shown(parts[at])}`;
    }
    return text;
  }

  #shown(value) {
    if (typeof value === "string") return value;
    const stack = this.#positions.stackOf(value);
    if (stack !== "") return stack;
    try {
      return this.#inspect(value, INSPECT);
    } catch {
      return "[a value that can't be shown]";
    }
  }

  #line(level, text, { file, line, column }, call = this.#numberOfCall()) {
    const shown = text.length > LONGEST_TEXT ? `${text.substring(0, LONGEST_TEXT)}…` : text;
    const place = `"file":${stringify(file)},"line":${line},"column":${column}`;
    this.#send(LOG, call, `{"level":"${level}","text":${stringify(shown)},${place}}`);
  }
}

/** The `console` object. */
export function consoleFor(log) {
  const counts = new Map();
  const starts = new Map();
  const now = performance.now.bind(performance);
  const elapsed = (label) => `${label}: ${(now() - (starts.get(label) ?? now())).toFixed(1)} ms`;
  return {
    log: (...parts) => log.write("info", parts),
    info: (...parts) => log.write("info", parts),
    debug: (...parts) => log.write("debug", parts),
    warn: (...parts) => log.write("warn", parts),
    error: (...parts) => log.write("error", parts),
    dir: (value) => log.write("info", [value]),
    table: (value) => log.write("info", [value]),
    trace: (...parts) => log.write("debug", ["Trace:", ...parts, new Error("trace")]),
    assert: (holds, ...parts) => {
      if (!holds) log.write("error", ["Assertion failed:", ...parts]);
    },
    count: (label = "default") => {
      counts.set(label, (counts.get(label) ?? 0) + 1);
      log.write("info", [`${label}: ${counts.get(label)}`]);
    },
    countReset: (label = "default") => void counts.delete(label),
    time: (label = "default") => void starts.set(label, now()),
    timeLog: (label = "default", ...parts) => log.write("info", [elapsed(label), ...parts]),
    timeEnd: (label = "default") => {
      log.write("info", [elapsed(label)]);
      starts.delete(label);
    },
    group: (...parts) => log.write("info", parts),
    groupCollapsed: (...parts) => log.write("info", parts),
    groupEnd: () => {},
  };
}
