// @ts-check
/** When the next backup is made, how long backups are kept, and how much room they take. */
import { html } from "htm/preact";
import { ago, count, exactly, size } from "../lib/format.js";

/** @param {{ overview: any, tasks: any[] | undefined }} props */
export function Plan({ overview, tasks }) {
  if (!overview || !tasks) return null;
  const next = tasks.find((task) => task.name === "backup")?.nextRunAt;
  return html`<dl class="card plan" aria-label="Plan">
    <div>
      <dt>Next backup</dt>
      <dd>${next ? html`${ago(next)}, ${exactly(next)}` : "not scheduled"}</dd>
    </div>
    <div>
      <dt>Kept</dt>
      <dd>
        all for ${count(overview.retentionDays, "day")}, then one of each of the last
        ${count(overview.keepDaily, "day")}, ${count(overview.keepWeekly, "week")} and${" "}
        ${count(overview.keepMonthly, "month")}
      </dd>
    </div>
    <div>
      <dt>Total size</dt>
      <dd>${size(overview.totalBytes)}</dd>
    </div>
  </dl>`;
}
