// @ts-check
/** The logs page: live lines, or older lines that a filter finds. */
import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { gql } from "../lib/documents.js";
import { ask, watchConnection } from "../lib/gql.js";
import { useFollowing } from "../lib/mark.js";
import { Failure, Top } from "../lib/parts.js";
import { refusalOf } from "../lib/refusal.js";
import { useParameters } from "../lib/router.js";
import { count, instant } from "../lib/format.js";
import { useShown } from "../lib/shown.js";
import { useEngineState } from "../lib/state.js";
import { LogBar } from "./log-bar.js";
import { DEFAULTS, download, filter, isLive } from "./log-filter.js";
import { LINE, LogLines } from "./log-lines.js";
import { isOfTheManager, lineOf } from "./log-said.js";
import { useTail } from "./tail.js";

/** The page holds no more lines than this; a browser gets slow with many more. */
const MAX_LINES = 2_000;
const LIST = gql(
  `query LogLines($after: String, $filter: LogFilter) {
    logEntries(first: 200, after: $after, filter: $filter) {
      searchedBackTo pageInfo { hasNextPage endCursor } nodes { ...LogLine }
    }
  }`,
  LINE,
);

/** @typedef {import("./log-lines.js").Line} Line */
/** @typedef {import("./log-filter.js").State} State */
/** @typedef {import("../types/schema").LogFilter} LogFilter */
/** @typedef {import("../lib/refusal.js").Refusal} Refusal */

export function LogsPage() {
  const [state, setState] = useParameters(DEFAULTS);
  const [paused, setPaused] = useState(false);
  const wanted = filter(state);
  const again = useReconnections();
  const older = useOlder(JSON.stringify(wanted), again, paused);
  const tail = useTail({
    wanted,
    active: isLive(state),
    paused,
    max: MAX_LINES,
  });
  const all = merged(tail.lines, older.lines).slice(0, MAX_LINES);
  const lines = state.manager ? all.filter((line) => !isOfTheManager(line)) : all;
  const isUp = useEngineState().state !== "down";
  const isComing = useFollowing() === "live" && isUp;
  const clear = () => setState(DEFAULTS);
  return html`<${Top} title="Logs" text="Application logs of this instance." />
    <section class="card logs" aria-label="Lines">
      <${LogBar} state=${state} setState=${setState} />
      <div class="pager">
        <span role="status">${standing(state, paused, tail, isComing)}</span>
        <span class="end">
          ${
            isLive(state) &&
            html`<button
              class="btn small"
              aria-pressed=${String(paused)}
              onClick=${() => setPaused(!paused)}
            >
              ${paused ? "Resume" : "Pause"}
            </button>`
          }
          <button
            class="btn small"
            aria-pressed=${String(state.manager === "hide")}
            title="Hide requests from manager pages unless they failed or were slow"
            onClick=${() => setState({ manager: state.manager ? "" : "hide" }, true)}
          >
            Hide manager requests
          </button>
          <button
            class="btn small"
            aria-pressed=${String(state.wrap === "1")}
            onClick=${() => setState({ wrap: state.wrap ? "" : "1" }, true)}
          >
            Wrap lines
          </button>
          <a class="btn small" href=${download(state, "ndjson")} download>Download NDJSON</a>
          <a class="btn small" href=${download(state, "text")} download>Download text</a>
        </span>
      </div>
      ${tail.error && html`<${Failure} error=${tail.error} retry=${tail.retry} />`}
      ${older.error && html`<${Failure} error=${older.error} retry=${older.reload} />`}
      <${LogLines}
        lines=${lines}
        loading=${older.loading && !older.lines.length}
        wrap=${state.wrap === "1"}
        marked=${state.line}
        scrolledAway=${setPaused}
        clear=${clear}
        failed=${Boolean(older.error)}
      />
      <${Foot} older=${older} full=${all.length >= MAX_LINES} />
    </section>`;
}

/** @param {{ older: ReturnType<typeof useOlder>, full: boolean }} props */
function Foot({ older, full }) {
  if (full) {
    return html`<div class="pager">
      <span>
        This page shows at most ${count(MAX_LINES, "line")}. Set an earlier end, or download the
        log.
      </span>
    </div>`;
  }
  if (!older.next) return null;
  const far = older.backTo
    ? html`The search reached its time limit at ${instant(older.backTo)}.`
    : html``;
  return html`<div class="pager">
    <span>${far}</span>
    <button class="btn small" disabled=${older.loading} onClick=${older.more}>
      ${older.backTo ? "Search further back" : "Load older lines"}
    </button>
  </div>`;
}

/**
 * What the list shows, in words.
 * @param {State} state @param {boolean} paused @param {ReturnType<typeof useTail>} tail
 * @param {boolean} isComing
 */
function standing(state, paused, tail, isComing) {
  if (!isLive(state)) return "Not live: the filter has an end.";
  const skipped = tail.skipped ? ` · ${count(tail.skipped, "line")} skipped: rate too high` : "";
  if (paused) return `Paused · ${tail.waiting} new${skipped}`;
  return isComing ? `Live${skipped}` : `Waiting for new lines${skipped}`;
}

/** The number of reconnections: events of the time without a connection are not sent again. */
function useReconnections() {
  const [times, setTimes] = useState(0);
  useEffect(() => {
    return watchConnection((mayHaveMissed) => void (mayHaveMissed && setTimes((n) => n + 1)));
  }, []);
  return times;
}

/** A subscription takes a moment to start; then the newest lines are read once more. */
const CATCH_UP_MS = 1_000;

/**
 * Lines further back, a page at a time.
 * @param {string} key the filter
 * @param {number} again when this changes the newest are read once more
 * @param {boolean} paused then that waits
 */
function useOlder(key, again, paused) {
  const empty = {
    key,
    lines: /** @type {Line[]} */ ([]),
    next: /** @type {string | null} */ (null),
    backTo: /** @type {string | null} */ (null),
    at: /** @type {Date | null} */ (null),
    loading: true,
    error: /** @type {Refusal | null} */ (null),
  };
  const [state, setState] = useState(empty);
  const newest = useRef(key);
  newest.current = key;
  /**
   * A response that was overtaken by another filter is of no use.
   * @param {(before: typeof empty) => Partial<typeof empty>} change
   */
  const set = (change) => {
    if (newest.current === key) setState((before) => ({ ...before, ...change(before) }));
  };
  const load = async (/** @type {string | null} */ after) => {
    setState((before) => ({ ...(after ? before : empty), loading: true, error: null }));
    try {
      const { logEntries: page } = await ask(LIST, { after, filter: filterOf(key) });
      const lines = page.nodes.map(lineOf);
      set((before) => ({
        lines: after ? [...before.lines, ...lines] : lines,
        next: page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null,
        backTo: page.searchedBackTo,
        at: new Date(),
        loading: false,
      }));
    } catch (error) {
      set(() => ({ error: refusalOf(error), loading: false }));
    }
  };
  useShown(true, state.at, state.loading);
  const isDue = useRef(false);
  const isPaused = useRef(paused);
  isPaused.current = paused;
  const catchUp = async () => {
    isDue.current = isPaused.current;
    if (isDue.current) return;
    const data = await ask(LIST, { after: null, filter: filterOf(key) }).catch(() => null);
    if (!data) return;
    const newer = data.logEntries.nodes.map(lineOf);
    set((before) => ({ lines: merged(newer, before.lines) }));
  };
  useEffect(() => {
    void load(null);
    const timer = setTimeout(catchUp, CATCH_UP_MS);
    return () => clearTimeout(timer);
  }, [key]);
  useEffect(() => {
    if (again) void catchUp();
  }, [again]);
  useEffect(() => {
    if (isDue.current && !paused) void catchUp();
  }, [paused]);
  return { ...state, more: () => load(state.next), reload: () => load(null) };
}

/** @param {string} key */
const filterOf = (key) => /** @type {LogFilter} */ (JSON.parse(key));

/**
 * Lines of two lists, each once, newest first.
 * @param {Line[]} some
 * @param {Line[]} others
 */
function merged(some, others) {
  const known = new Set(some.map((line) => line.id));
  const all = [...some, ...others.filter((line) => !known.has(line.id))];
  // Lines of one moment keep their order.
  return all.sort((one, other) => Date.parse(other.at) - Date.parse(one.at));
}
