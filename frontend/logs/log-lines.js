// @ts-check
/** The list of log lines. */
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { gql } from "../lib/documents.js";
import { count, day, exactly, preciseClock } from "../lib/format.js";
import { untrusted } from "../lib/untrusted-text.js";
import { Details } from "./log-details.js";
import { marks, said } from "./log-said.js";

export const LINE = gql(`fragment LogLine on LogEntry {
  id at level event requestId userId method path status ms fields line skippedBefore
}`);

/** @typedef {import("../types/documents").LogLine} LogLineData */
/** @typedef {Omit<LogLineData, "fields"> & { fields: Record<string, unknown> }} Line */

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
    // Only on a change, so that the button works for a reader who does not scroll.
    if (away !== wasAway.current) scrolledAway(away);
    wasAway.current = away;
  };
  if (loading) return html`<div class="loglist"><span class="skeleton"></span></div>`;
  if (!lines.length) {
    if (failed) return null;
    return html`<div class="empty">
      <b>No matching lines</b>
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
    ${lines.map((line, index) => {
      const before = lines[index - 1];
      return html`<${LogLine}
        key=${line.id}
        line=${line}
        marked=${line.id === marked}
        beginsDay=${!before || day(before.at) !== day(line.at)}
      />`;
    })}
  </ol>`;
}

/** @param {{ line: Line, marked: boolean, beginsDay: boolean }} props */
function LogLine({ line, marked, beginsDay }) {
  return html`<li class=${marked ? "marked" : ""}>
    ${beginsDay && html`<p class="day">${day(line.at)}</p>`}
    <details open=${marked}>
      <summary>
        <time datetime=${line.at} title=${exactly(line.at)}>${preciseClock(line.at)}</time>
        <span class="level ${line.level.toLowerCase()}">${line.level.toLowerCase()}</span>
        ${marks(line).map(({ word, kind }) => html`<span class="mark ${kind}">${word}</span>`)}
        <span class="said">${untrusted(said(line))}</span>
      </summary>
      <${Details} line=${line} />
    </details>
    ${
      line.skippedBefore > 0 &&
      html`<p class="skipped">${count(line.skippedBefore, "line")} skipped: rate too high</p>`
    }
  </li>`;
}
