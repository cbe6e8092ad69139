// @ts-check
/** The list of a script's log lines, newest first. */
import { html } from "htm/preact";
import { useRef } from "preact/hooks";
import { day, exactly, preciseClock } from "../../lib/format.js";
import { onOneLine } from "../../lib/untrusted-text.js";
import { around } from "../../logs/log-filter.js";
import { From, Said } from "./said.js";
import { wantRequest } from "./wanted.js";

/**
 * @typedef {import("./documents.js").ScriptLine} ScriptLine
 * @typedef {import("../workspace/files.js").Workspace} Workspace
 */

/** How far from the top the reader counts as reading something older. */
const AWAY_PX = 40;

/**
 * @param {{ lines: readonly ScriptLine[], workspace: Workspace, mayReadEngine: boolean,
 *   scrolledAway: (isAway: boolean) => void }} props
 */
export function LogLines({ lines, workspace, mayReadEngine, scrolledAway }) {
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const wasAway = useRef(false);
  const scrolled = () => {
    const isAway = (list.current?.scrollTop ?? 0) > AWAY_PX;
    // Only on a change, so that the button works for a reader who does not scroll.
    if (isAway !== wasAway.current) scrolledAway(isAway);
    wasAway.current = isAway;
  };
  if (!lines.length) return null;
  return html`<ol
    class="script-log"
    ref=${list}
    onScroll=${scrolled}
    tabindex="0"
    aria-label="Lines, newest first"
  >
    ${lines.map((line, place) => {
      const before = lines[place - 1];
      const isOtherDay = !before || day(before.at) !== day(line.at);
      return html`<li key=${line.id}>
        ${isOtherDay && html`<p class="day">${day(line.at)}</p>`}
        <${LogLine} line=${line} workspace=${workspace} mayReadEngine=${mayReadEngine} />
      </li>`;
    })}
  </ol>`;
}

/** @param {{ line: ScriptLine, workspace: Workspace, mayReadEngine: boolean }} props */
function LogLine({ line, workspace, mayReadEngine }) {
  const { requestId, route, version, level, at } = line;
  return html`<div class="log-head">
      <time datetime=${at} title=${exactly(at)}>${preciseClock(at)}</time>
      <span class="level ${level.toLowerCase()}">${level.toLowerCase()}</span>
      <${From} line=${line} workspace=${workspace} />
    </div>
    <${Said} line=${line} workspace=${workspace} />
    <div class="log-foot">
      ${route && html`<span>${onOneLine(route)}</span>`}
      ${version !== null && html`<span>version ${version}</span>`}
      ${
        requestId &&
        html`<button
          class="place"
          title="Show the lines of this request"
          onClick=${() => wantRequest(requestId)}
        >
          ${onOneLine(requestId)}
        </button>`
      }
      ${requestId && mayReadEngine && html`<${InEngine} requestId=${requestId} at=${at} />`}
    </div>`;
}

/** Where an administrator finds the same request. @param {{ requestId: string, at: string }} props */
function InEngine({ requestId, at }) {
  const query = new URLSearchParams({ request: requestId, ...around(at) });
  return html`<a href="/engine/admin/logs?${query}">Engine log</a>
    <a href="/engine/admin/audit?q=${encodeURIComponent(requestId)}">Audit</a>`;
}
