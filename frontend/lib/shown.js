// @ts-check
/** The age of the data on the page, and whether some are still missing. */
import { useEffect, useState } from "preact/hooks";

/** A busy engine may need so long; after that a reader wants to know. */
const LATE_AFTER_MS = 4_000;

/** @typedef {{ at: Date | null, waitsSince: number }} Part at: null before its first data */

/** @type {Set<Part>} */
const parts = new Set();
/** @type {Set<() => void>} */
const watchers = new Set();

/**
 * Counts data as a part of the page.
 * @param {boolean} isContent @param {Date | null} at from when they are @param {boolean} isLoading
 */
export function useShown(isContent, at, isLoading) {
  const [part] = useState(() => ({ at, waitsSince: Date.now() }));
  useEffect(() => {
    if (!isContent) return undefined;
    parts.add(part);
    return () => {
      parts.delete(part);
      changed();
    };
  }, [isContent]);
  useEffect(() => {
    part.at = at;
    part.waitsSince = isLoading && !at ? Math.min(part.waitsSince, Date.now()) : Infinity;
    changed();
  }, [at, isLoading]);
}

const changed = () => watchers.forEach((watcher) => watcher());

/**
 * @returns {{ at: Date | null, isLate: boolean, hasData: boolean }} at: from when the oldest of what
 *   is shown is; hasData: whether the page has data at all, here or on their way
 */
export function useWhatIsShown() {
  const [shown, setShown] = useState(seen);
  useEffect(() => {
    let timer = 0;
    const look = () => {
      clearTimeout(timer);
      setShown((before) => {
        const next = seen();
        const isSame =
          before.isLate === next.isLate &&
          before.hasData === next.hasData &&
          +(before.at ?? 0) === +(next.at ?? 0);
        return isSame ? before : next;
      });
      const due = Math.min(...[...parts].map((part) => part.waitsSince)) + LATE_AFTER_MS;
      if (due > Date.now() && due < Infinity) timer = setTimeout(look, due - Date.now() + 1);
    };
    look();
    watchers.add(look);
    return () => {
      clearTimeout(timer);
      watchers.delete(look);
    };
  }, []);
  return shown;
}

function seen() {
  const all = [...parts];
  const instants = all.flatMap((part) => (part.at ? [part.at.getTime()] : []));
  return {
    at: instants.length > 0 ? new Date(Math.min(...instants)) : null,
    hasData: all.length > 0,
    isLate: all.some((part) => Date.now() - part.waitsSince >= LATE_AFTER_MS),
  };
}
