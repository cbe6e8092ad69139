// Values in messages.

import { hasOwn } from "./safe.js";

/** `a string`, `an object`, `a Map` … */
export function kindOf(value) {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== "object") return `a ${typeof value}`;
  const name = hasOwn(value, "constructor") ? undefined : value.constructor?.name;
  return typeof name === "string" && name !== "" && name !== "Object" ? `a ${name}` : "an object";
}
