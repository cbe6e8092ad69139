// Secrets: `env.secrets`, and `secretStorage` of the classic form.

import { missing } from "./unavailable.js";

/** `env.secrets`. */
export function moduleEnv() {
  return missing("env.secrets", "has list");
}

/** The globals of the classic form. */
export function classic() {
  return { secretStorage: missing("secretStorage", "exists setSecret removeSecret clear") };
}
