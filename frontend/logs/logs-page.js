// @ts-check
/** The log: the newest lines as they come, or what a filter finds further back. */
import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, watchConnection } from "../lib/gql.js";
import { useFollowing } from "../lib/mark.js";
import { Failure, Top } from "../lib/parts.js";
import { useParameters } from "../lib/router.js";
import { count, instant } from "../lib/format.js";
import { useShown } from "../lib/shown.js";
import { useEngineState } from "../lib/state.js";
import { LogBar } from "./log-bar.js";
import { DEFAULTS, download, filter, isLive } from "./log-filter.js";
import { LogLines } from "./log-lines.js";
import { isOfTheManager } from "./log-said.js";
import { useTail } from "./tail.js";

const PAGE = 200;
/** The page holds no more lines than this; a browser gets slow with many more. */
const MOST_LINES = 2_000;
const LINE = `id at level event requestId userId method path status ms fields line skippedBefore`;
const LIST = `query ($after: String, $filter: LogFilter) {
  logEntries(first: ${PAGE}, after: $after, filter: $filter) {
    searchedBackTo pageInfo { hasNextPage endCursor } nodes { ${LINE} }
  }
}`;

/** @typedef {import("./log-lines.js").Line} Line */

export function LogsPage() {
  const [state, setState] = useParameters(DEFAULTS);
  const [paused, setPaused] = useState(false);
  const wanted = filter(state);
  const again = useReconnections();
  const older = useOlder(JSON.stringify(wanted), again, paused);
  const tail = useTail({
    fields: LINE,
    wanted,
    active: isLive(state),
    paused,
    most: MOST_LINES,
  });
  const all = merged(tail.lines, older.lines).slice(0, MOST_LINES);
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
              ${paused ? "Go on" : "Pause"}
            </button>`
          }
          <button
            class="btn small"
            aria-pressed=${String(state.manager === "hide")}
            title="Hide what pages of the manager ask for, unless it failed or was slow"
            onClick=${() => setState({ manager: state.manager ? "" : "hide" }, true)}
          >
            Hide the manager's requests
          </button>
          <button
            class="btn small"
            aria-pressed=${String(state.wrap === "1")}
            onClick=${() => setState({ wrap: state.wrap ? "" : "1" }, true)}
          >
            Wrap
          </button>
          <a class="btn small" href=${download(state, "ndjson")} download>Download</a>
          <a class="btn small" href=${download(state, "text")} download>As text</a>
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
      <${Foot} older=${older} full=${all.length >= MOST_LINES} />
    </section>`;
}

/** @param {any} props */
function Foot({ older, full }) {
  if (full) {
    return html`<div class="pager">
      <span>
        This page shows at most ${count(MOST_LINES, "line")}. Choose an earlier end, or download
        them.
      </span>
    </div>`;
  }
  if (!older.next) return null;
  const far = older.backTo
    ? html`The search took long and stopped at ${instant(older.backTo)}.`
    : html``;
  return html`<div class="pager">
    <span>${far}</span>
    <button class="btn small" disabled=${older.loading} onClick=${older.more}>
      ${older.backTo ? "Search further back" : "Older lines"}
    </button>
  </div>`;
}

/**
 * What the reader looks at, in words.
 * @param {any} state @param {boolean} paused @param {any} tail @param {boolean} isComing
 */
function standing(state, paused, tail, isComing) {
  if (!isLive(state)) return "Not live: the filter ends at an instant or at a line.";
  const skipped = tail.skipped ? ` · ${tail.skipped} skipped, they came too fast` : "";
  if (paused) return `Paused · ${tail.waiting} new${skipped}`;
  return isComing ? `Live${skipped}` : `Waiting for new lines${skipped}`;
}

/** How often the connection came back: what happened meanwhile is not told again. */
function useReconnections() {
  const [times, setTimes] = useState(0);
  useEffect(() => {
    return watchConnection((mayHaveMissed) => void (mayHaveMissed && setTimes((n) => n + 1)));
  }, []);
  return times;
}

/** Following begins a moment after it was asked for; then the newest lines are read once more. */
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
    error: /** @type {any} */ (null),
  };
  const [state, setState] = useState(empty);
  const newest = useRef(key);
  newest.current = key;
  /** An answer that was overtaken by another filter is of no use. @param {any} change */
  const set = (change) => {
    if (newest.current === key) setState((before) => ({ ...before, ...change(before) }));
  };
  const load = async (/** @type {string | null} */ after) => {
    setState((before) => ({ ...(after ? before : empty), loading: true, error: null }));
    try {
      const { logEntries: page } = await ask(LIST, { after, filter: JSON.parse(key) });
      set((/** @type {typeof empty} */ before) => ({
        lines: after ? [...before.lines, ...page.nodes] : page.nodes,
        next: page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null,
        backTo: page.searchedBackTo,
        at: new Date(),
        loading: false,
      }));
    } catch (error) {
      set(() => ({ error, loading: false }));
    }
  };
  useShown(true, state.at, state.loading);
  const isDue = useRef(false);
  const isPaused = useRef(paused);
  isPaused.current = paused;
  const catchUp = async () => {
    isDue.current = isPaused.current;
    if (isDue.current) return;
    const answer = await ask(LIST, { after: null, filter: JSON.parse(key) }).catch(() => null);
    if (!answer) return;
    set((/** @type {typeof empty} */ before) => ({
      lines: merged(answer.logEntries.nodes, before.lines),
    }));
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
