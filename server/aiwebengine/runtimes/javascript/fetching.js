// Requests to other servers: `fetch` of both forms.

import { unavailable } from "./unavailable.js";

/** The globals of the module form. */
export function moduleGlobals() {
  return { fetch: unavailable("fetch") };
}

/** The globals of the classic form. */
export function classic() {
  return { fetch: unavailable("fetch") };
}
