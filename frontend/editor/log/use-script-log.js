// @ts-check
/** The lines of a script's log: those that are stored, and the new ones as they come. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, follow, watchConnection } from "../../lib/gql.js";
import { refusalOf } from "../../lib/refusal.js";
import { ADDED, LINES } from "./documents.js";
import { hasText, merged } from "./kept.js";

/**
 * @typedef {import("./documents.js").ScriptLine} ScriptLine
 * @typedef {import("../../lib/refusal.js").Refusal} Refusal
 * @typedef {import("../../types/schema").ScriptLogLevel} ScriptLogLevel
 * @typedef {{ slug: string, search: string, level: ScriptLogLevel | null, request: string }} Wanted
 */

/** The panel holds no more lines than this; a browser gets slow with many more. */
export const MOST_LINES = 2_000;
/** Interval between updates: to render each line on its own would keep the browser busy. */
const DRAW_EVERY_MS = 250;
/** A subscription takes a moment to start; then the newest lines are read once more. */
const CATCH_UP_MS = 1_000;

/** @param {Wanted & { isPaused: boolean }} options isPaused: new lines are counted and shown later */
export function useScriptLog({ isPaused, ...wanted }) {
  const key = JSON.stringify(wanted);
  const newest = useRef(key);
  newest.current = key;
  const stored = useStored(key, newest);
  const fresh = useFresh(key, isPaused, stored.add);
  const catchUp = useRef(() => {});
  catchUp.current = () => void stored.load(null, { isAgain: true });
  useEffect(() => {
    const timer = setTimeout(() => catchUp.current(), CATCH_UP_MS);
    // Lines of the time without a connection are not sent again.
    const stop = watchConnection((mayHaveMissed) => void (mayHaveMissed && catchUp.current()));
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [key]);
  return {
    lines: stored.lines,
    isLoading: stored.isLoading,
    hasOlder: stored.next !== null,
    older: () => stored.load(stored.next),
    error: fresh.error ?? stored.error,
    waiting: fresh.waiting,
    skipped: fresh.skipped,
    reload: () => {
      fresh.retry();
      void stored.load(null);
    },
  };
}

/** The filter of a key. @param {string} key @returns {Wanted} */
const wantedOf = (key) => /** @type {Wanted} */ (JSON.parse(key));

/**
 * Stored lines, a page at a time.
 * @param {string} key @param {{ current: string }} newest the key that is wanted now
 */
function useStored(key, newest) {
  const empty = {
    lines: /** @type {ScriptLine[]} */ ([]),
    next: /** @type {string | null} */ (null),
    isLoading: true,
    error: /** @type {Refusal | null} */ (null),
  };
  const [state, setState] = useState(empty);
  /** What another filter asked for is of no use. @param {(before: typeof empty) => Partial<typeof empty>} change */
  const set = (change) => {
    if (newest.current === key) setState((before) => ({ ...before, ...change(before) }));
  };
  const load = async (/** @type {string | null} */ after, { isAgain = false } = {}) => {
    if (!isAgain) set(() => ({ isLoading: true, error: null }));
    const { slug, search, level, request } = wantedOf(key);
    try {
      const filter = { search: search || null, level, requestId: request || null };
      const page = (await ask(LINES, { slug, after, filter })).script?.log;
      set((before) => ({
        lines: merged(page?.nodes ?? [], before.lines, MOST_LINES),
        next: isAgain ? before.next : page?.pageInfo.hasNextPage ? page.pageInfo.endCursor : null,
        isLoading: false,
        error: null,
      }));
    } catch (thrown) {
      if (!isAgain) set(() => ({ isLoading: false, error: refusalOf(thrown) }));
    }
  };
  const add = (/** @type {ScriptLine[]} */ lines) =>
    set((before) => ({ lines: merged(lines, before.lines, MOST_LINES) }));
  useEffect(() => {
    setState(empty);
    void load(null);
  }, [key]);
  return { ...state, load, add };
}

/**
 * New lines, handed on at intervals.
 * @param {string} key @param {boolean} isPaused @param {(lines: ScriptLine[]) => void} add
 */
function useFresh(key, isPaused, add) {
  const [waiting, setWaiting] = useState(0);
  const [skipped, setSkipped] = useState(0);
  const [attempt, setAttempt] = useState(0);
  const [error, setError] = useState(/** @type {Refusal | null} */ (null));
  const arrived = useRef(/** @type {ScriptLine[]} */ ([]));
  const draw = useRef(() => {});
  draw.current = () => {
    if (isPaused) return setWaiting(arrived.current.length);
    setWaiting(0);
    if (!arrived.current.length) return;
    add(arrived.current);
    arrived.current = [];
  };
  useEffect(() => {
    const { slug, search, level, request } = wantedOf(key);
    arrived.current = [];
    setWaiting(0);
    setSkipped(0);
    setError(null);
    const stop = follow(
      ADDED,
      ({ scriptLogAdded: line }) => {
        if (!hasText(line, search)) return;
        arrived.current.push(line);
        if (arrived.current.length <= MOST_LINES) return;
        arrived.current.shift();
        setSkipped((before) => before + 1);
      },
      ([{ message, extensions }]) => setError({ message, code: extensions?.code }),
      { slug, level, requestId: request || null },
    );
    const timer = setInterval(() => draw.current(), DRAW_EVERY_MS);
    return () => {
      stop();
      clearInterval(timer);
    };
  }, [key, attempt]);
  useEffect(() => draw.current(), [isPaused]);
  return { waiting, skipped, error, retry: () => setAttempt((before) => before + 1) };
}
