// @ts-check
/** A figure over time, as lines and in words. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { clock, date, day, timeOfDay } from "../lib/format.js";
import { ceiling, extent, nearest, path, points } from "./lines.js";

/**
 * @typedef {import("../types/documents").SystemSampleFields} SystemSample
 * @typedef {{ name: keyof SystemSample, label: string }} Line
 * @typedef {{ title: string, lines: Line[], format: (value: number | null | undefined) => string, fromZero?: boolean,
 *   note?: (samples: SystemSample[]) => string }} Figure
 * @typedef {{ label: string, from: number, to: number, step: number }} Span
 */

/** @param {{ figure: Figure, samples: SystemSample[], span: Span }} props */
export function Chart({ figure, samples, span }) {
  const [at, setAt] = useState(/** @type {number | null} */ (null));
  const { title, lines, format, fromZero = true } = figure;
  const drawn = lines.map((line) => ({ ...line, line: points(samples, line.name) }));
  const values = drawn.flatMap(({ line }) => line.map(({ value }) => value));
  const most = Math.max(...values, 0);
  const low = fromZero || !values.length ? 0 : Math.min(...values) * 0.98;
  const field = { ...span, low, high: fromZero ? ceiling(most) : most * 1.02 };
  const extents = drawn.map(({ label, line }) => ({ label, ...extent(line) }));
  const spoken = extents.map(
    ({ label, now, least, most }) =>
      `${label}: now ${format(now)}, minimum ${format(least)}, maximum ${format(most)}`,
  );
  const moved = (/** @type {PointerEvent & { currentTarget: Element }} */ event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    setAt(span.from + share * (span.to - span.from));
  };
  return html`<section class="card chart" aria-label=${title}>
    <h3>${title}</h3>
    <dl class="legend">
      ${extents.map(
        ({ label, now, least, most }, index) =>
          html`<div data-line=${index}>
            <dt><i aria-hidden="true"></i>${label}</dt>
            <dd>
              <b class="number">${format(now)}</b>
              <small class="number">${format(least)} to ${format(most)}</small>
            </dd>
          </div>`,
      )}
    </dl>
    <div class="plot" onPointerMove=${moved} onPointerLeave=${() => setAt(null)}>
      <svg
        viewBox="0 0 100 100"
        preserveAspectRatio="none"
        role="img"
        aria-label="${title}, ${span.label}. ${spoken.join(". ")}."
      >
        <path class="grid" d="M0 0H100M0 50H100M0 100H100" />
        ${drawn.map(({ line }, index) => html`<path data-line=${index} d=${path(line, field)} />`)}
      </svg>
      <span class="top number" aria-hidden="true">${format(field.high)}</span>
      <span class="bottom number" aria-hidden="true">${format(low)}</span>
    </div>
    <p class="foot number">
      ${at === null ? html`<${Ends} span=${span} />` : read(drawn, at, format)}
    </p>
    ${figure.note && html`<p class="note">${figure.note(samples)}</p>`}
  </section>`;
}

/** @param {{ span: Span }} props */
const Ends = ({ span }) =>
  html`<span>${end(span.from, span)}</span><span>${end(span.to, span)}</span>`;

/**
 * The values at an instant.
 * @param {{ label: string, line: import("./lines.js").Point[] }[]} drawn
 * @param {number} at
 * @param {Figure["format"]} format
 */
function read(drawn, at, format) {
  const found = drawn.map(({ label, line }) => ({ label, point: nearest(line, at) }));
  const time = found.find(({ point }) => point)?.point?.at;
  if (time === undefined) return html`<span>No data.</span>`;
  const values = found.map(({ label, point }) => `${label} ${format(point?.value)}`);
  return html`<span>${`${day(time)} ${clock(time)}`}</span><span>${values.join(", ")}</span>`;
}

/** @param {number} at @param {Span} span */
function end(at, span) {
  const isLong = span.to - span.from >= 86_400_000;
  return isLong ? date(at) : timeOfDay(at);
}
