// @ts-check
/** Searches beside the page, so that an expression which takes for ever can be ended. */
import { search } from "./search.js";

const scope = /** @type {{ onmessage: unknown, postMessage: (data: unknown) => void }} */ (
  /** @type {unknown} */ (self)
);

scope.onmessage = (
  /** @type {MessageEvent<{ files: import("./search.js").File[], wanted: import("./search.js").Wanted }>} */ {
    data,
  },
) => {
  try {
    scope.postMessage({ found: search(data.files, data.wanted) });
  } catch (error) {
    scope.postMessage({ error: /** @type {Error} */ (error).message });
  }
};
