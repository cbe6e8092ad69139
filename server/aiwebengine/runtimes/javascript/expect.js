// `expect` and `assert` of tests.

import { hasOwn, isArray } from "./safe.js";

// Author code can replace the globals.
const { Date, Error, Map, Number, RegExp, Set, String } = globalThis;

/** A test's expectation that is not met. */
class AssertionError extends Error {
  constructor(message) {
    super(message);
    this.name = "AssertionError";
  }
}

const MATCHERS = {
  toBe: [(found, wanted) => Object.is(found, wanted), "to be"],
  toEqual: [(found, wanted) => isEqual(found, wanted), "to equal"],
  toStrictEqual: [(found, wanted) => isEqual(found, wanted), "to equal"],
  toBeTruthy: [(found) => Boolean(found), "to be truthy"],
  toBeFalsy: [(found) => !found, "to be falsy"],
  toBeNull: [(found) => found === null, "to be null"],
  toBeUndefined: [(found) => found === undefined, "to be undefined"],
  toBeDefined: [(found) => found !== undefined, "to be defined"],
  toBeNaN: [(found) => Number.isNaN(found), "to be NaN"],
  toBeGreaterThan: [(found, least) => found > least, "to be greater than"],
  toBeGreaterThanOrEqual: [(found, least) => found >= least, "to be at least"],
  toBeLessThan: [(found, most) => found < most, "to be less than"],
  toBeLessThanOrEqual: [(found, most) => found <= most, "to be at most"],
  toBeCloseTo: [
    (found, wanted, digits = 2) => Math.abs(found - wanted) < 10 ** -digits / 2,
    "to be close to",
  ],
  toBeInstanceOf: [(found, type) => found instanceof type, "to be an instance of"],
  toContain: [(found, item) => has(found, (one) => one === item, item), "to contain"],
  toContainEqual: [(found, item) => has(found, (one) => isEqual(one, item), item), "to contain"],
  toHaveLength: [(found, length) => found?.length === length, "to have the length"],
  toHaveProperty: [hasProperty, "to have the property"],
  toMatch: [(found, text) => matches(String(found), text), "to match"],
  toMatchObject: [(found, part) => isPart(found, part), "to match"],
};

/** `expect(found).toBe(wanted)`, with `not`, `resolves` and `rejects`. */
export function expect(found) {
  return {
    ...matchersOf(found, true),
    not: matchersOf(found, false),
    resolves: later(() => found),
    rejects: later(() => rejectionOf(found)),
  };
}

async function rejectionOf(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new AssertionError("expected the promise to be rejected");
}

function matchersOf(found, isWanted) {
  const matchers = {};
  for (const name of Object.keys(MATCHERS)) {
    const [test, words] = MATCHERS[name];
    matchers[name] = (...given) => {
      if (Boolean(test(found, ...given)) === isWanted) return;
      const wanted = given.map((one) => ` ${shown(one)}`).join(",");
      throw new AssertionError(
        `expected ${shown(found)} ${isWanted ? "" : "not "}${words}${wanted}`,
      );
    };
  }
  matchers.toThrow = (wanted) => mustThrow(found, wanted, isWanted);
  return matchers;
}

/** The same matchers as functions that wait. */
function later(settled) {
  const matchers = (isWanted) => {
    const found = {};
    for (const name of [...Object.keys(MATCHERS), "toThrow"]) {
      found[name] = async (...given) => {
        const value = await settled();
        // A rejection is what a function would have thrown.
        const subject = name === "toThrow" ? () => raise(value) : value;
        matchersOf(subject, isWanted)[name](...given);
      };
    }
    return found;
  };
  return { ...matchers(true), not: matchers(false) };
}

function raise(error) {
  throw error;
}

function mustThrow(run, wanted, isWanted) {
  let error;
  let hasThrown = false;
  try {
    run();
  } catch (thrown) {
    [error, hasThrown] = [thrown, true];
  }
  const message = String(error?.message ?? error);
  const fits = hasThrown && (wanted === undefined || isWantedError(error, message, wanted));
  if (fits === isWanted) return;
  const outcome = hasThrown ? `it threw ${shown(message)}` : "it threw nothing";
  const words = isWanted ? "to throw" : "not to throw";
  throw new AssertionError(
    `expected the function ${words}${wanted === undefined ? "" : ` ${shown(wanted)}`}; ${outcome}`,
  );
}

function isWantedError(error, message, wanted) {
  if (typeof wanted === "function") return error instanceof wanted;
  if (typeof wanted === "object" && !(wanted instanceof RegExp)) return message === wanted.message;
  return matches(message, wanted);
}

const matches = (text, wanted) =>
  wanted instanceof RegExp ? wanted.test(text) : text.includes(String(wanted));

function has(found, test, item) {
  if (typeof found === "string") return found.includes(item);
  return [...(found ?? [])].some(test);
}

function hasProperty(found, path, ...wanted) {
  const keys = isArray(path) ? path : String(path).split(".");
  let value = found;
  for (const key of keys) {
    if (value === null || value === undefined || !(key in Object(value))) return false;
    value = value[key];
  }
  return wanted.length === 0 || isEqual(value, wanted[0]);
}

function isPart(found, part) {
  if (part === null || typeof part !== "object") return isEqual(found, part);
  if (found === null || typeof found !== "object") return false;
  if (isArray(part) && found.length !== part.length) return false;
  return Object.keys(part).every((key) => isPart(found[key], part[key]));
}

function isEqual(a, b) {
  if (Object.is(a, b)) return true;
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Date) return a.getTime() === b.getTime();
  if (a instanceof RegExp) return String(a) === String(b);
  if (a instanceof Error) return a.message === b.message;
  if (a instanceof Map || a instanceof Set) return isEqual([...a], [...b]);
  const [inA, inB] = [a, b].map((one) => Object.keys(one).filter((key) => one[key] !== undefined));
  return inA.length === inB.length && inA.every((key) => hasOwn(b, key) && isEqual(a[key], b[key]));
}

function shown(value) {
  if (typeof value === "function") return value.name || "a function";
  if (value instanceof RegExp || value instanceof Error) return String(value);
  let text;
  try {
    text = JSON.stringify(value);
  } catch {
    text = undefined;
  }
  text ??= String(value);
  return text.length > 500 ? `${text.slice(0, 500)}…` : text;
}

/** `assert(condition, message)`, and its functions. */
export function assert(condition, message = "the assertion does not hold") {
  if (!condition) throw new AssertionError(String(message));
}

const asserting = (test, words) => (found, wanted, message) =>
  assert(test(found, wanted), message ?? `expected ${shown(found)} ${words} ${shown(wanted)}`);
const not = (test) => (found, wanted) => !test(found, wanted);

Object.assign(assert, {
  ok: (condition, message) => assert(condition, message),
  // eslint-disable-next-line eqeqeq -- as in Node
  equal: asserting((found, wanted) => found == wanted, "to equal"),
  notEqual: asserting((found, wanted) => !Object.is(found, wanted), "not to equal"),
  strictEqual: asserting(Object.is, "to be"),
  deepEqual: asserting(isEqual, "to equal"),
  notDeepEqual: asserting(not(isEqual), "not to equal"),
  throws: (run, wanted) => mustThrow(run, wanted, true),
});
