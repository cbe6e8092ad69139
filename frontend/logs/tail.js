// @ts-check
/** New lines as they come. */
import { useEffect, useRef, useState } from "preact/hooks";
import { follow } from "../lib/gql.js";

/** New lines are drawn this often; to draw each on its own would keep the browser busy. */
const DRAW_EVERY_MS = 250;

/** @typedef {import("./log-lines.js").Line} Line */

/**
 * @param {{ fields: string, wanted: Record<string, unknown>, active: boolean, paused: boolean,
 *   most: number }} options paused: new lines are counted, and shown when it goes on
 */
export function useTail({ fields, wanted, active, paused, most }) {
  const [shown, setShown] = useState(/** @type {Line[]} */ ([]));
  const [skipped, setSkipped] = useState(0);
  const [waiting, setWaiting] = useState(0);
  const [error, setError] = useState(/** @type {any} */ (null));
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
    setShown((before) => [...fresh, ...before].slice(0, most));
  };

  useEffect(() => {
    arrived.current = [];
    setShown([]);
    setSkipped(0);
    setError(null);
    if (!active) return undefined;
    const stop = follow(
      `subscription ($filter: LogFilter) { logEntryAdded(filter: $filter) { ${fields} } }`,
      ({ logEntryAdded: line }) => {
        const over = Math.max(0, arrived.current.length + 1 - most);
        arrived.current = [line, ...arrived.current].slice(0, most);
        if (over + line.skippedBefore) setSkipped((n) => n + over + line.skippedBefore);
      },
      ([error]) => setError(refusal(error)),
      { filter: JSON.parse(key) },
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

/** @param {any} told */
const refusal = (told) => ({
  message: told.message,
  code: told.extensions?.code,
  requestId: told.extensions?.requestId,
});
