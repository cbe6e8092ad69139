// @ts-check
/** Events or messages as a list, the newest first. */
import { html } from "htm/preact";
import { useRef, useState } from "preact/hooks";
import { count, exactly, preciseClock } from "../../../lib/format.js";
import { onOneLine, untrusted, untrustedLines } from "../../../lib/untrusted-text.js";

/**
 * @typedef {import("./kept-rows.js").KeptRows} KeptRows
 * @typedef {import("./kept-rows.js").Row} Row
 */

/** Characters of a row that are shown before somebody asks for all. */
const LONGEST_SHOWN = 2_000;
/** A screen reader reads so many rows within so long, and otherwise their number. */
const MOST_READ = 4;
const READ_WITHIN_MS = 5_000;
const SAY_EVERY_MS = 10_000;

/** @param {{ kept: KeptRows, noun: string }} props noun: what a row is, such as `event` */
export function LiveRows({ kept, noun }) {
  const { isBusy, said } = usePace(kept.total, noun);
  return html`<p class="visually-hidden" role="status">${said}</p>
    ${
      kept.gone > 0 &&
      html`<p class="run-hint">
        ${count(kept.gone, `older ${noun}`)} left out, so that the page stays quick.
      </p>`
    }
    <div
      class="live-rows"
      role="log"
      aria-live=${isBusy ? "off" : "polite"}
      aria-label=${`${noun === "event" ? "Events" : "Messages"}, newest first`}
      tabindex="0"
    >
      ${kept.rows.map((row) => html`<${LiveRow} key=${row.number} row=${row} />`)}
    </div>`;
}

/** @param {{ row: Row }} props */
function LiveRow({ row: { at, label, id, text, length, isSent } }) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? text : text.slice(0, LONGEST_SHOWN);
  return html`<div class="live-row ${isSent ? "sent" : ""}">
    <p class="live-head">
      <time datetime=${new Date(at).toISOString()} title=${exactly(at)}>${preciseClock(at)}</time>
      <b>${untrusted(label)}</b>
      ${id && html`<span>id ${untrusted(id)}</span>`}
    </p>
    <pre class="live-data">${untrustedLines(shown)}</pre>
    ${
      shown.length < text.length &&
      html`<button class="btn small" onClick=${() => setWhole(true)}>
        Show ${count(text.length, "character")}
      </button>`
    }
    ${
      text.length < length &&
      html`<p class="run-hint">
        The beginning of ${count(length, "character")}: ${onOneLine(count(text.length))} are kept.
      </p>`
    }
  </div>`;
}

/** Whether too many rows come to read each aloud, and what is said instead. @param {number} total @param {string} noun */
function usePace(total, noun) {
  const seen = useRef(/** @type {{ at: number, total: number }[]} */ ([]));
  const said = useRef({ at: 0, words: "" });
  const at = performance.now();
  seen.current = [...seen.current.filter((one) => at - one.at < READ_WITHIN_MS), { at, total }];
  const isBusy = total - seen.current[0].total > MOST_READ;
  if (isBusy && at - said.current.at > SAY_EVERY_MS)
    said.current = { at, words: `${count(total, noun)} so far` };
  return { isBusy, said: said.current.words };
}
