// @ts-check
/** The panel Log: what the script logs, live. */
import { html } from "htm/preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { count } from "../../lib/format.js";
import { useQuery } from "../../lib/load.js";
import { useFollowing } from "../../lib/mark.js";
import { Failure } from "../../lib/parts.js";
import { SearchField } from "../../lib/search-field.js";
import { isAdministrator } from "../frame.js";
import { VIEWER } from "./documents.js";
import { LogLines } from "./log-lines.js";
import { MOST_LINES, useScriptLog } from "./use-script-log.js";
import { useWantedRequest, wantRequest } from "./wanted.js";

/**
 * @typedef {import("../../types/schema").ScriptLogLevel} ScriptLogLevel
 * @typedef {ReturnType<typeof useScriptLog>} Log
 */

/** @type {ScriptLogLevel[]} */
const LEVELS = ["DEBUG", "INFO", "WARN", "ERROR"];

/** @param {import("../panels.js").PanelProps} props */
export function LogPanel({ script, workspace }) {
  const { slug } = script;
  const { data } = useQuery(VIEWER, {}, { isContent: false });
  const [search, setSearch] = useState("");
  const [level, setLevel] = useState(/** @type {ScriptLogLevel | null} */ (null));
  const [isPaused, setPaused] = useState(false);
  const request = useWantedRequest();
  // Another script has other requests.
  useEffect(() => () => wantRequest(""), [slug]);
  const log = useScriptLog({ slug, search, level, request, isPaused });
  const isAll = !search && !level && !request;
  const clear = () => {
    setSearch("");
    setLevel(null);
    wantRequest("");
  };
  const mayReadEngine = isAdministrator(data?.viewer ?? null);
  // The workspace renders while somebody types; 2,000 lines need not.
  const list = useMemo(
    () =>
      html`<${LogLines}
        lines=${log.lines}
        workspace=${workspace}
        mayReadEngine=${mayReadEngine}
        scrolledAway=${setPaused}
      />`,
    [log.lines, workspace, mayReadEngine],
  );
  return html`<div class="log-panel">
    <div class="log-bar">
      <${SearchField}
        label="Search the log"
        placeholder="Search text"
        value=${search}
        change=${setSearch}
      />
      <label>
        <span class="visually-hidden">Level</span>
        <select
          value=${level ?? ""}
          onChange=${(/** @type {{ target: HTMLSelectElement }} */ { target }) =>
            setLevel(LEVELS.find((one) => one === target.value) ?? null)}
        >
          <option value="">All levels</option>
          ${LEVELS.map(
            (one) =>
              html`<option key=${one} value=${one}>
                ${one.toLowerCase()}${one === "ERROR" ? "" : " and above"}
              </option>`,
          )}
        </select>
      </label>
      <${SearchField}
        label="Request ID"
        placeholder="Request ID"
        value=${request}
        change=${(/** @type {string} */ text) => wantRequest(text.trim())}
      />
      ${!isAll && html`<button class="btn small" onClick=${clear}>Clear filters</button>`}
    </div>
    <div class="log-state">
      <span role="status"><${Standing} log=${log} isPaused=${isPaused} /></span>
      <button
        class="btn small"
        aria-pressed=${String(isPaused)}
        onClick=${() => setPaused(!isPaused)}
      >
        ${isPaused ? "Resume" : "Pause"}
      </button>
    </div>
    ${log.error && html`<${Failure} error=${log.error} retry=${log.reload} />`}
    ${
      log.isLoading && !log.lines.length
        ? html`<p class="panel-empty" role="status">Loading the log …</p>`
        : list
    }
    ${
      !log.isLoading &&
      !log.error &&
      !log.lines.length &&
      html`<p class="panel-empty">
        ${
          isAll
            ? "Nothing was logged yet. What the script writes with console.log appears here."
            : "No line fits the filters."
        }
      </p>`
    }
    <${Foot} log=${log} />
  </div>`;
}

/** What the list shows, in words. @param {{ log: Log, isPaused: boolean }} props */
function Standing({ log, isPaused }) {
  const isLive = useFollowing() === "live";
  const skipped = log.skipped ? ` · ${count(log.skipped, "line")} skipped` : "";
  const words = isPaused ? `Paused · ${count(log.waiting)} new` : isLive ? "Live" : "Waiting";
  // A new text, so that screen readers do not read both.
  return html`<span key=${words}>${words}${skipped}</span>`;
}

/** @param {{ log: Log }} props */
function Foot({ log }) {
  if (log.lines.length >= MOST_LINES)
    return html`<p class="panel-empty">The newest ${count(MOST_LINES, "line")} are shown.</p>`;
  if (!log.hasOlder || !log.lines.length) return null;
  return html`<p class="log-more">
    <button class="btn small" disabled=${log.isLoading} onClick=${() => void log.older()}>
      Load older lines
    </button>
  </p>`;
}
