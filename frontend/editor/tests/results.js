// @ts-check
/** Results of tests: a run of some of them, in words, by file. */
import { count, durationOfMs } from "../../lib/format.js";

/**
 * @typedef {"PASSED" | "FAILED" | "SKIPPED"} Status
 * @typedef {{ message: string, file: string | null, line: number | null, column: number | null,
 *   stack: string }} TestError
 * @typedef {{ name: string, status: Status, file: string | null, line: number | null,
 *   milliseconds: number, error: TestError | null }} Test
 * @typedef {{ version: number, milliseconds: number, tests: readonly Test[] }} Run
 */

const FILE = /\.test\.[mc]?[jt]sx?$/;

/** Whether the file has tests, by its name. @param {string} path */
export const isTestFile = (path) => FILE.test(path);

/**
 * The tests after a run of those whose name contains *name*: the others keep their results, if they
 * are still there.
 * @param {readonly Test[]} before @param {readonly Test[]} now @param {string | null} name null for
 *   all
 * @returns {readonly Test[]}
 */
export function merged(before, now, name) {
  if (name === null) return now;
  const known = new Map(before.map((test) => [keyOf(test), test]));
  return now.map((test) => (test.name.includes(name) ? test : (known.get(keyOf(test)) ?? test)));
}

/** @param {Test} test */
export const keyOf = ({ file, name }) => `${file ?? ""}\n${name}`;

/**
 * The tests by file, in their order.
 * @param {readonly Test[]} tests @returns {[string, Test[]][]}
 */
export function byFile(tests) {
  /** @type {Map<string, Test[]>} */
  const files = new Map();
  for (const test of tests) {
    const file = test.file ?? "";
    files.set(file, [...(files.get(file) ?? []), test]);
  }
  return [...files];
}

/** "2 passed, 1 failed, 0 skipped". @param {readonly Test[]} tests */
export function summary(tests) {
  const of = (/** @type {Status} */ status) =>
    count(tests.filter((test) => test.status === status).length);
  return `${of("PASSED")} passed, ${of("FAILED")} failed, ${of("SKIPPED")} skipped`;
}

/** What a run was of, and how long it took. @param {Run} run */
export const about = ({ version, milliseconds }) =>
  `${version === 0 ? "Unsaved files" : `Version ${version}`}, ${durationOfMs(milliseconds)}`;
