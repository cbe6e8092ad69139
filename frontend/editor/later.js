// @ts-check
/** Parts of the editor that are loaded once they are needed. */
import { useEffect, useState } from "preact/hooks";

/** @typedef {import("../lib/refusal.js").Refusal} Refusal */

/**
 * A part that `load` imports; a failure is not kept, so that the next use tries again.
 * @template T
 */
export class Part {
  /** The part, once it is loaded. @type {T | null} */
  now = null;

  /** @param {() => Promise<T>} load */
  constructor(load) {
    this.load = load;
  }

  /** @returns {Promise<T>} @throws {Error} in words, if the part can't be loaded */
  async get() {
    try {
      return (this.now ??= await this.load());
    } catch {
      throw new Error(NOT_LOADED);
    }
  }
}

// After an update of the engine, the files of the page that is open are gone.
const NOT_LOADED =
  "A part of the editor could not be loaded. Try again, or reload the page: your changes are kept as a draft.";

/**
 * Loads the part while the component is shown.
 * @template T
 * @param {Part<T>} part
 * @returns {{ found: T | null, error: Refusal | null, retry: () => void }}
 */
export function usePart(part) {
  const [, setLoaded] = useState(part.now);
  const [error, setError] = useState(/** @type {Refusal | null} */ (null));
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    if (part.now) return undefined;
    let isShown = true;
    setError(null);
    part.get().then(
      (found) => isShown && setLoaded(() => found),
      (refused) => isShown && setError(refused),
    );
    return () => {
      isShown = false;
    };
  }, [part, attempt]);
  return { found: part.now, error, retry: () => setAttempt(attempt + 1) };
}
