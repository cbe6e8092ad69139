// Values on their way to and from PostgreSQL; see script_database/values.py.

import { Bytes, isArray, isPrototypeOf, slice, uncurryThis } from "./safe.js";

// Author code can replace the globals.
const { ArrayBuffer, BigInt, Date, TypeError, String } = globalThis;

const toHex = uncurryThis(Bytes.prototype.toHex);
const fromHex = Bytes.fromHex.bind(Bytes);
const toISOString = uncurryThis(Date.prototype.toISOString);

/** A parameter as JSON has it. Throws a TypeError for one that PostgreSQL can't get. */
export function parameter(value, number) {
  switch (typeof value) {
    case "bigint":
      return String(value);
    case "undefined":
      throw new TypeError(`the parameter $${number} is undefined; use null`);
    case "function":
    case "symbol":
      throw new TypeError(`the parameter $${number} is a ${typeof value}`);
    case "number":
      // JSON has no NaN and no infinity.
      return value - value === 0 ? value : String(value);
    case "object":
      return ofObject(value, number);
    default:
      return value;
  }
}

function ofObject(value, number) {
  if (value === null) return null;
  if (isPrototypeOf(Date.prototype, value)) return toISOString(value);
  if (isPrototypeOf(Bytes.prototype, value)) return `\\x${toHex(value)}`;
  if (isPrototypeOf(ArrayBuffer.prototype, value)) return `\\x${toHex(new Bytes(value))}`;
  if (!isArray(value)) return value;
  const values = [];
  for (let at = 0; at < value.length; at++) values[at] = element(value[at], number);
  return values;
}

/** An element of an array, which may be a JSON value as well. */
function element(value, number) {
  return value === undefined ? null : parameter(value, number);
}

/** *rows* with values of the kinds that *kinds* names by column. */
export function converted(rows, kinds) {
  for (const column in kinds) {
    const convert = kinds[column] === "bytes" ? bytesOf : BigInt;
    for (let at = 0; at < rows.length; at++) {
      rows[at][column] = each(rows[at][column], convert);
    }
  }
  return rows;
}

function each(value, convert) {
  if (value === null) return null;
  if (!isArray(value)) return convert(value);
  for (let at = 0; at < value.length; at++) value[at] = each(value[at], convert);
  return value;
}

/** Of PostgreSQL's form, such as `\\x00ff`. */
const bytesOf = (text) => fromHex(slice(text, 2));
