// @ts-check
/** The lines themselves. */
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { durationOfMs, exactly, preciseClock } from "../lib/format.js";
import { ROOT } from "../lib/router.js";
import { untrusted, untrustedLines } from "../lib/untrusted-text.js";
import { around } from "./log-filter.js";

/**
 * @typedef {{ id: string, at: string, level: string, event: string, requestId: string | null,
 *   userId: string | null, method: string | null, path: string | null, status: number | null,
 *   ms: number | null, fields: Record<string, unknown>, line: string, skippedBefore: number }} Line
 */

/** How far from the top the reader counts as reading something older. */
const AWAY_PX = 40;

/**
 * @param {{ lines: Line[], loading: boolean, wrap: boolean, marked: string, failed: boolean,
 *   scrolledAway: (away: boolean) => void, clear: () => void }} props
 */
export function LogLines({ lines, loading, wrap, marked, failed, scrolledAway, clear }) {
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const wasAway = useRef(false);
  useEffect(() => {
    list.current?.querySelector(".marked")?.scrollIntoView({ block: "nearest" });
  }, [marked, lines.length > 0]);
  const scrolled = () => {
    const away = (list.current?.scrollTop ?? 0) > AWAY_PX;
    // Only when it changes: the button must win over a reader who stays where he is.
    if (away !== wasAway.current) scrolledAway(away);
    wasAway.current = away;
  };
  if (loading) return html`<div class="loglist"><span class="skeleton"></span></div>`;
  if (!lines.length) {
    if (failed) return null;
    return html`<div class="empty">
      <b>No line matches</b>
      <button class="btn" onClick=${clear}>Clear filters</button>
    </div>`;
  }
  return html`<ol
    class="loglist ${wrap ? "wrap" : ""}"
    ref=${list}
    onScroll=${scrolled}
    tabindex="0"
    aria-label="Lines, newest first"
  >
    ${lines.map(
      (line) => html`<${LogLine} key=${line.id} line=${line} marked=${line.id === marked} />`,
    )}
  </ol>`;
}

/** @param {{ line: Line, marked: boolean }} props */
function LogLine({ line, marked }) {
  return html`<li class=${marked ? "marked" : ""}>
    <details open=${marked}>
      <summary>
        <time datetime=${line.at} title=${exactly(line.at)}>${preciseClock(line.at)}</time>
        <span class="level ${line.level.toLowerCase()}">${line.level.toLowerCase()}</span>
        <span class="said">${untrusted(said(line))}</span>
      </summary>
      <${Details} line=${line} />
    </details>
    ${
      line.skippedBefore > 0 &&
      html`<p class="skipped">${line.skippedBefore} skipped here: they came too fast</p>`
    }
  </li>`;
}

/** @param {{ line: Line }} props */
function Details({ line }) {
  const { requestId, userId } = line;
  return html`<div class="more">
    <p class="links">
      <a href="${ROOT}/logs?line=${line.id}">Link to this line</a>
      ${
        requestId &&
        html`<a
            href="${ROOT}/logs?${new URLSearchParams({ request: requestId, ...around(line.at) })}"
            >Lines of this request</a
          >
          <a href="${ROOT}/audit?q=${encodeURIComponent(requestId)}">What it changed</a>`
      }
      ${userId && html`<a href="${ROOT}/users/${userId}">The user</a>`}
    </p>
    <pre>${untrustedLines(JSON.stringify(JSON.parse(line.line), null, 2))}</pre>
  </div>`;
}

/** The line in short. @param {Line} line */
function said(line) {
  const { fields } = line;
  if (line.event === "request") {
    const what = fields.operation ? `${fields.kind} ${fields.operation}` : "";
    const codes = Array.isArray(fields.codes) ? fields.codes.join(" ") : "";
    const took = line.ms === null ? "" : durationOfMs(line.ms);
    const parts = [line.method, line.path, what, line.status, codes, took, fields.user];
    return parts.filter((part) => part !== "" && part !== null && part !== undefined).join(" ");
  }
  const rest = Object.entries(fields)
    .filter(([name]) => name !== "exception")
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  return [line.event, ...rest].join(" ");
}
