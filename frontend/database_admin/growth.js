// @ts-check
/** The size of the database over time, as a line. */
import { html } from "htm/preact";
import { instant, size } from "../lib/format.js";

const SPANS = [
  ["7", "7 days"],
  ["30", "30 days"],
  ["90", "90 days"],
  ["365", "1 year"],
];
const [WIDTH, HEIGHT] = [600, 120];

/**
 * @param {{ points: { at: string, sizeBytes: number }[] | undefined, days: string,
 *   change: (days: string) => void }} props
 */
export function Growth({ points, days, change }) {
  return html`<section class="card part" aria-label="Growth">
    <div class="head">
      <h2>Growth</h2>
      <div class="segments" role="group" aria-label="Period">
        ${SPANS.map(
          ([value, label]) =>
            html`<button aria-pressed=${String(value === days)} onClick=${() => change(value)}>
              ${label}
            </button>`,
        )}
      </div>
    </div>
    ${!points ? html`<span class="skeleton"></span>` : html`<${Line} points=${points} />`}
  </section>`;
}

/** @param {{ points: { at: string, sizeBytes: number }[] }} props */
function Line({ points }) {
  if (points.length < 2) {
    return html`<p>The size is recorded once an hour. The chart needs two values.</p>`;
  }
  const times = points.map((point) => Date.parse(point.at));
  const sizes = points.map((point) => point.sizeBytes);
  const [low, high] = [Math.min(...sizes), Math.max(...sizes)];
  const [begin, end] = [times[0], times[times.length - 1]];
  const places = points.map((point, index) => {
    const x = (WIDTH * (times[index] - begin)) / (end - begin || 1);
    const y = HEIGHT - 6 - ((HEIGHT - 12) * (point.sizeBytes - low)) / (high - low || 1);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  const grown = sizes[sizes.length - 1] - sizes[0];
  const said = `${grown < 0 ? "" : "+"}${size(grown)} since ${instant(points[0].at)}`;
  return html`<p>${said}</p>
    <svg
      class="growth"
      viewBox="0 0 ${WIDTH} ${HEIGHT}"
      preserveAspectRatio="none"
      role="img"
      aria-label="Size from ${size(low)} to ${size(high)}; ${said}"
    >
      <polygon points="0,${HEIGHT} ${places.join(" ")} ${WIDTH},${HEIGHT}" />
      <polyline points=${places.join(" ")} vector-effect="non-scaling-stroke" />
    </svg>
    <div class="ends"><span>${size(low)}</span><span>${size(high)}</span></div>`;
}
