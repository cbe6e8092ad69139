// Key-value storage: `env.kv`, and `sharedStorage` and `personalStorage` of the classic form.

import { missing } from "./unavailable.js";

const STORAGE = "getItem setItem removeItem clear";

/** `env.kv`. */
export function moduleEnv() {
  return missing("env.kv", "get set delete list");
}

/** The globals of the classic form. */
export function classic() {
  return {
    sharedStorage: missing("sharedStorage", STORAGE),
    personalStorage: missing("personalStorage", STORAGE),
  };
}
