import { durationOfMs } from "../../lib/format.js";
// @ts-check
/** Runs a search in a worker, and ends it when it takes too long. */

/**
 * @typedef {import("./search.js").Found} Found
 * @typedef {import("./search.js").Wanted} Wanted
 * @typedef {import("./search.js").File} File
 * @typedef {{ createPolicy: (name: string, rules: {
 *   createScriptURL: (address: string) => string }) =>
 *   { createScriptURL: (address: string) => string } }} TrustedTypes
 */

/** So long a search may take. */
const SEARCH_MS = 3_000;

/** The policy of the page lets only a policy of ours make the address of a worker. */
const POLICY = policy();

/** @returns {{ createScriptURL: (address: string) => string } | null} */
function policy() {
  if (!("trustedTypes" in globalThis)) return null;
  const { trustedTypes } = /** @type {{ trustedTypes: TrustedTypes }} */ (
    /** @type {unknown} */ (globalThis)
  );
  return trustedTypes.createPolicy("editor-search", { createScriptURL: (address) => address });
}

/** A file beside this one's bundle. */
const ADDRESS = new URL("./editor-search.js", import.meta.url).href;

/**
 * @param {readonly File[]} files @param {Wanted} wanted @param {AbortSignal} signal
 * @returns {Promise<Found>}
 * @throws {Error} for a wrong expression, or one that takes too long; an AbortError once it is aborted
 */
export function runSearch(files, wanted, signal) {
  const address = POLICY ? POLICY.createScriptURL(ADDRESS) : ADDRESS;
  const worker = new Worker(address, { type: "module" });
  return new Promise((resolve, reject) => {
    const end = (/** @type {() => void} */ act) => {
      clearTimeout(timer);
      worker.terminate();
      act();
    };
    const refuse = (/** @type {string} */ message) => end(() => reject(new Error(message)));
    const timer = setTimeout(
      () => refuse(`The search takes more than ${durationOfMs(SEARCH_MS)}. Make it simpler.`),
      SEARCH_MS,
    );
    signal.addEventListener("abort", () =>
      end(() => reject(new DOMException("Another search began.", "AbortError"))),
    );
    worker.onmessage = ({ data: { found, error } }) =>
      error === undefined ? end(() => resolve(found)) : refuse(error);
    worker.onerror = () => refuse("The search can't run in this browser.");
    worker.postMessage({ files, wanted });
  });
}
