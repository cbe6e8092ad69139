// Options of functions: an object whose members have known names.

import { suggestion } from "./names.js";
import { hasOwn } from "./safe.js";

// Author code can replace the globals.
const { Object, TypeError } = globalThis;

/** The options, an object of its own. Throws for what is no object, or has a name not in *names*. */
export function optionsOf(what, given, names) {
  if (given === undefined) return {};
  if (given === null || typeof given !== "object") {
    throw new TypeError(`${what}: the options must be an object`);
  }
  const options = {};
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) {
      const known = suggestion(name, names) || `; allowed: ${names.join(", ")}`;
      throw new TypeError(`${what}: there is no option ${name}${known}`);
    }
    options[name] = given[name];
  }
  return options;
}

/** A member of *options*, null without one. */
export const optional = (options, name) =>
  hasOwn(options, name) && options[name] !== undefined ? options[name] : null;
