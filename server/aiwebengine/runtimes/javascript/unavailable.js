// Functions that do not exist yet.

import { fromEntries } from "./safe.js";

/** A function that says that *name* does not exist yet. */
export function unavailable(name) {
  return () => {
    throw new Error(`${name} is not available yet`);
  };
}

/** An object of such functions; *names* are separated by blanks. */
export const missing = (object, names) =>
  functions(names, (name) => unavailable(`${object}.${name}`));

/** An object with a function for each of *names*. */
export function functions(names, make) {
  return fromEntries(names.split(/\s+/).map((name) => [name, make(name)]));
}
