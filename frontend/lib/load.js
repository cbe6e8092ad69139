// @ts-check
/** Data of a page: loaded when what is asked changes, loaded again on demand. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ask, watchConnection } from "./gql.js";

/**
 * Loads again and again while somebody looks, and at once when a hidden page is shown again.
 * @param {() => unknown} reload
 * @param {number} milliseconds
 */
export function useRefresh(reload, milliseconds) {
  useEffect(() => {
    const look = () => void (document.hidden || reload());
    const timer = setInterval(look, milliseconds);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [reload, milliseconds]);
}

/**
 * @param {string} query
 * @param {Record<string, unknown>} variables
 */
export function useQuery(query, variables) {
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
  const reload = useCallback(async () => {
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
  // What happened while the connection was lost is not told again.
  useEffect(() => {
    const stop = watchConnection((live) => void (live && reload()));
    return () => void stop();
  }, [reload]);
  const change = (/** @type {(data: any) => any} */ how) =>
    setState((before) => ({ ...before, data: before.data && how(before.data) }));
  return { ...state, reload, change };
}
