// @ts-check
/** The next backup, the retention and the total size. */
import { html } from "htm/preact";
import { gql } from "../lib/documents.js";
import { ago, count, exactly, instant, size } from "../lib/format.js";

export const OVERVIEW = gql(`fragment BackupOverviewFields on BackupOverview {
  retentionDays keepDaily keepWeekly keepMonthly totalBytes
}`);

/** @typedef {import("../types/documents").BackupOverviewFields} BackupOverview */

/**
 * @param {{ overview: BackupOverview | undefined,
 *   tasks: { name: string, nextRunAt: string | null }[] | undefined }} props
 */
export function Plan({ overview, tasks }) {
  if (!overview || !tasks) return null;
  const next = tasks.find((task) => task.name === "backup")?.nextRunAt;
  return html`<dl class="card plan" aria-label="Schedule">
    <div>
      <dt>Next backup</dt>
      <dd>
        ${next ? html`${ago(next)}, <time datetime=${next} title=${exactly(next)}>${instant(next)}</time>` : "not scheduled"}
      </dd>
    </div>
    <div>
      <dt>Retention</dt>
      <dd>${kept(overview)}</dd>
    </div>
    <div>
      <dt>Total size</dt>
      <dd>${size(overview.totalBytes)}</dd>
    </div>
  </dl>`;
}

/** Which backups are kept, in one sentence. @param {BackupOverview} overview */
function kept({ retentionDays, keepDaily, keepWeekly, keepMonthly }) {
  const newest = [
    count(keepDaily, "day"),
    count(keepWeekly, "week"),
    count(keepMonthly, "month"),
  ].join(", ");
  return `all for ${count(retentionDays, "day")}, then the newest of each of the last ${newest}`;
}
