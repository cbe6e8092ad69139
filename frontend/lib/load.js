// @ts-check
/** Data of a page: loaded when its variables change, and again on demand. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Answers } from "./answers.js";
import { ask, watchConnection } from "./gql.js";
import { refusalOf } from "./refusal.js";
import { useShown } from "./shown.js";
import { engineState, isRecovery, isWorking, watchState } from "./state.js";

/**
 * Reloads at an interval while the page is visible and the engine is up, and at once when a hidden
 * page becomes visible.
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

/** @typedef {import("./refusal.js").Refusal} Refusal */
/**
 * @template Variables
 * @typedef {import("../types/document").VariablesOf<Variables>} VariablesOf
 */

/**
 * What `useQuery` returns: the data of the newest response and what the page can do about them.
 * @template Data
 * @typedef {{ data: Data | null, error: Refusal | null, loading: boolean, isStale: boolean, at: Date,
 *   reload: () => Promise<void>, change: (how: (data: Data) => Data) => void }} Query
 *   isStale: the data is of other variables than those that are asked for now, or there is none;
 *   reload: loads the data of the variables at the time of the call; the same at every render;
 *   change: of what is shown, and of an answer to a request that was sent before
 */

/**
 * Loads the data of a document, and again after a lost connection or an outage.
 * @template Data, Variables
 * @param {import("../types/document").Document<Data, Variables>} document
 * @param {NoInfer<Variables>} variables
 * @param {{ isContent?: boolean }} [options] isContent: false for what surrounds the page
 * @returns {Query<Data>}
 */
export function useQuery(document, variables, { isContent = true } = {}) {
  const [state, setState] = useState(
    /** @type {{ data: Data | null, of: string, error: Refusal | null, loading: boolean, at: Date }} */ ({
      data: null,
      of: "",
      error: null,
      loading: true,
      at: new Date(),
    }),
  );
  const key = JSON.stringify(variables);
  // Who keeps `reload` from an earlier render, to call it after a change, means what is shown by then.
  const wanted = useRef(key);
  wanted.current = key;
  const askedFor = useRef("");
  const answers = useRef(/** @type {Answers<Data> | null} */ (null));
  answers.current ??= new Answers();
  const reload = useCallback(async () => {
    const key = wanted.current;
    const order = /** @type {Answers<Data>} */ (answers.current);
    // Requests that hang would use up the browser's connections: after the outage it is sent.
    if (askedFor.current === key && engineState().state === "down") return;
    askedFor.current = key;
    const mine = order.ask();
    setState((before) => ({ ...before, loading: true }));
    try {
      const given = /** @type {NoInfer<Variables>} */ (JSON.parse(key));
      const answer = await ask(
        document,
        .../** @type {VariablesOf<NoInfer<Variables>>} */ ([given]),
      );
      if (key !== wanted.current || !order.takes(mine)) return;
      const data = order.changed(mine, answer);
      setState({ data, of: key, error: null, loading: !order.isNewest(mine), at: new Date() });
    } catch (error) {
      if (order.isNewest(mine) && order.takes(mine))
        setState((before) => ({ ...before, error: refusalOf(error), loading: false }));
    }
  }, [document]);
  useEffect(() => void reload(), [reload, key]);
  // Events of the time without a connection are not sent again.
  useEffect(() => {
    const stops = [
      watchConnection((mayHaveMissed) => void (mayHaveMissed && reload())),
      watchState((now, was) => void (isRecovery(now, was) && reload())),
    ];
    return () => stops.forEach((stop) => stop());
  }, [reload]);
  useShown(isContent, state.data ? state.at : null, state.loading && !state.error);
  const change = (/** @type {(data: Data) => Data} */ how) => {
    answers.current?.change(how);
    setState((before) => ({ ...before, data: before.data && how(before.data) }));
  };
  const { data, of, error, loading, at } = state;
  return { data, error, loading, isStale: of !== key, at, reload, change };
}
