// @ts-check
/** Data of a page: loaded when what is asked changes, loaded again on demand. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ask, watchConnection } from "./gql.js";
import { useShown } from "./shown.js";
import { engineState, isRecovery, isWorking, watchState } from "./state.js";

/**
 * Loads again and again while somebody looks and the engine answers, and at once when a hidden
 * page is shown again.
 * @param {() => unknown} reload
 * @param {number} milliseconds
 */
export function useRefresh(reload, milliseconds) {
  useEffect(() => {
    const look = () => void (document.hidden || !isWorking() || reload());
    const timer = setInterval(look, milliseconds);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [reload, milliseconds]);
}

/**
 * Loads the data, and again after a lost connection or an outage.
 * @param {string} query
 * @param {Record<string, unknown>} variables
 * @param {{ isContent?: boolean }} [options] isContent: false for what stands around the page
 */
export function useQuery(query, variables, { isContent = true } = {}) {
  const [state, setState] = useState(
    /** @type {{ data: any, error: any, loading: boolean, at: Date }} */ ({
      data: null,
      error: null,
      loading: true,
      at: new Date(),
    }),
  );
  const key = JSON.stringify(variables);
  const newest = useRef(0);
  const askedFor = useRef("");
  const reload = useCallback(async () => {
    // Questions that hang would use up the browser's connections: after the outage it is asked.
    if (askedFor.current === key && engineState().state === "down") return;
    askedFor.current = key;
    const mine = ++newest.current;
    setState((before) => ({ ...before, loading: true }));
    try {
      const data = await ask(query, JSON.parse(key));
      // An answer that was overtaken by a later question is of no use.
      if (mine === newest.current) setState({ data, error: null, loading: false, at: new Date() });
    } catch (error) {
      if (mine === newest.current) setState((before) => ({ ...before, error, loading: false }));
    }
  }, [query, key]);
  useEffect(() => void reload(), [reload]);
  // What happened while the connection was lost is not sent again.
  useEffect(() => {
    const stops = [
      watchConnection((mayHaveMissed) => void (mayHaveMissed && reload())),
      watchState((now, was) => void (isRecovery(now, was) && reload())),
    ];
    return () => stops.forEach((stop) => stop());
  }, [reload]);
  useShown(isContent, state.data && state.at, state.loading && !state.error);
  const change = (/** @type {(data: any) => any} */ how) =>
    setState((before) => ({ ...before, data: before.data && how(before.data) }));
  return { ...state, reload, change };
}
