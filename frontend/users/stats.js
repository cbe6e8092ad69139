// @ts-check
/** The three cards above the list. */
import { html } from "htm/preact";
import { gql } from "../lib/documents.js";
import { count, share } from "../lib/format.js";
import { Icon } from "../lib/icons.js";

/** @typedef {import("../types/documents").UserStatsFields} UserStats */

export const USER_STATS = gql(`fragment UserStatsFields on UserStats {
  total administrators editors newIn30Days trend { total administrators editors }
}`);

/** @param {{ stats: UserStats | undefined }} props */
export function Stats({ stats }) {
  const trend = stats?.trend ?? [];
  return html`<section class="stats" aria-label="Statistics">
    <${Card}
      kind="total"
      icon="users"
      label="Total users"
      value=${stats?.total}
      note=${stats && `+${count(stats.newIn30Days)} in the last 30 days`}
      line=${trend.map((point) => point.total)}
    />
    <${Card}
      kind="administrators"
      icon="shield"
      label="Administrators"
      value=${stats?.administrators}
      note=${stats && `${share(stats.administrators, stats.total)} of all users`}
      line=${trend.map((point) => point.administrators)}
    />
    <${Card}
      kind="editors"
      icon="pen"
      label="Editors"
      value=${stats?.editors}
      note=${stats && gained(trend.map((point) => point.editors))}
      line=${trend.map((point) => point.editors)}
    />
  </section>`;
}

/** @param {number[]} line */
function gained(line) {
  const more = line.length ? line[line.length - 1] - line[0] : 0;
  return `${more < 0 ? "−" : "+"}${count(Math.abs(more))} in the last 30 days`;
}

/**
 * @param {{ kind: string, icon: import("../lib/icons.js").IconName, label: string,
 *   value: number | undefined, note: string | undefined, line: number[] }} props
 */
function Card({ kind, icon, label, value, note, line }) {
  return html`<div class="card stat ${kind}">
    <h2><${Icon} name=${icon} />${label}</h2>
    <span class="value number">${count(value)}</span>
    <span class="note">${note ?? "\u00a0"}</span>
    <${Spark} line=${line} />
  </div>`;
}

/**
 * A line of the last 30 days. It begins at zero: fifteen fewer of five hundred are no fall from the
 * top to the bottom.
 * @param {{ line: number[] }} props
 */
function Spark({ line }) {
  if (line.length < 2) return null;
  const high = Math.max(...line, 1);
  const points = line.map((value, index) => {
    const x = (100 * index) / (line.length - 1);
    const y = 38 - (34 * value) / high;
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return html`<svg class="spark" viewBox="0 0 100 40" preserveAspectRatio="none" aria-hidden="true">
    <polyline points=${points.join(" ")} vector-effect="non-scaling-stroke" />
  </svg>`;
}
