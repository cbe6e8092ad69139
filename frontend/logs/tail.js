// @ts-check
/** Live log lines. */
import { useEffect, useRef, useState } from "preact/hooks";
import { gql } from "../lib/documents.js";
import { follow } from "../lib/gql.js";
import { LINE } from "./log-lines.js";
import { lineOf } from "./log-said.js";

const ADDED = gql(
  "subscription NewLogLines($filter: LogFilter) { logEntryAdded(filter: $filter) { ...LogLine } }",
  LINE,
);

/** Interval between updates: to render each line on its own would keep the browser busy. */
const DRAW_EVERY_MS = 250;

/** @typedef {import("./log-lines.js").Line} Line */
/** @typedef {import("../types/schema").LogFilter} LogFilter */
/** @typedef {import("../lib/refusal.js").Refusal} Refusal */

/**
 * @param {{ wanted: LogFilter, active: boolean, paused: boolean, max: number }} options paused: new
 *   lines are counted, and shown when it continues
 */
export function useTail({ wanted, active, paused, max }) {
  const [shown, setShown] = useState(/** @type {Line[]} */ ([]));
  const [skipped, setSkipped] = useState(0);
  const [waiting, setWaiting] = useState(0);
  const [error, setError] = useState(/** @type {Refusal | null} */ (null));
  const [attempt, setAttempt] = useState(0);
  /** @type {{ current: Line[] }} newest first */
  const arrived = useRef([]);
  const isPaused = useRef(paused);
  isPaused.current = paused;
  const key = JSON.stringify(wanted);

  const draw = () => {
    setWaiting(arrived.current.length);
    if (isPaused.current || !arrived.current.length) return;
    const fresh = arrived.current;
    arrived.current = [];
    setWaiting(0);
    setShown((before) => [...fresh, ...before].slice(0, max));
  };

  useEffect(() => {
    arrived.current = [];
    setShown([]);
    setSkipped(0);
    setError(null);
    if (!active) return undefined;
    const stop = follow(
      ADDED,
      ({ logEntryAdded: line }) => {
        const over = Math.max(0, arrived.current.length + 1 - max);
        arrived.current = [lineOf(line), ...arrived.current].slice(0, max);
        if (over + line.skippedBefore) setSkipped((n) => n + over + line.skippedBefore);
      },
      ([error]) => setError(refusal(error)),
      { filter: /** @type {LogFilter} */ (JSON.parse(key)) },
    );
    const timer = setInterval(draw, DRAW_EVERY_MS);
    return () => {
      stop();
      clearInterval(timer);
    };
  }, [key, active, attempt]);
  useEffect(draw, [paused]);
  return { lines: shown, skipped, waiting, error, retry: () => setAttempt((n) => n + 1) };
}

/** @param {import("../lib/gql.js").ResponseError} error @returns {Refusal} */
const refusal = ({ message, extensions }) => ({
  message,
  code: extensions?.code,
  requestId: extensions?.requestId,
});
