// @ts-check
/** The one connection of the panel, which ends with what it was opened for. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { useListener } from "../../../lib/listener.js";

/** @typedef {import("./connection.js").Connection} Connection */

/** Interval between updates: to render each event on its own would keep the browser busy. */
const DRAW_EVERY_MS = 250;

/**
 * Returns the connection, and what opens another one.
 * @param {string} target what the form asks for: with another one the connection is stopped
 * @param {boolean} isOpen whether the panel is shown
 */
export function useLive(target, isOpen) {
  const [connection, setConnection] = useState(/** @type {Connection | null} */ (null));
  const [, setDrawn] = useState(0);
  const current = useRef(/** @type {Connection | null} */ (null));
  const timer = useRef(0);
  const draw = () => {
    timer.current = 0;
    setDrawn((before) => before + 1);
  };
  const changed = () => {
    timer.current ||= setTimeout(draw, DRAW_EVERY_MS);
  };
  const stop = (why = "") => current.current?.stop(why);
  // Before paint: a click that comes at once opens a connection that must stay.
  useLayoutEffect(() => () => stop("Another route was chosen."), [target]);
  useLayoutEffect(() => {
    if (!isOpen) stop("The panel was closed.");
  }, [isOpen]);
  useLayoutEffect(
    () => () => {
      stop();
      clearTimeout(timer.current);
    },
    [],
  );
  // A page that the browser keeps for Back would continue to read.
  useListener(window, "pagehide", () => stop("The page was left."));
  return {
    connection,
    stop: () => stop(),
    /** @param {(changed: () => void) => Connection} make */
    open(make) {
      stop();
      current.current = make(changed);
      setConnection(current.current);
    },
  };
}
