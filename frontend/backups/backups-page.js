// @ts-check
/** The backups page: backups, restore drills and restores. */
import { html } from "htm/preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import { gql } from "../lib/documents.js";
import { ask } from "../lib/gql.js";
import { Icon } from "../lib/icons.js";
import { useQuery, useRefresh } from "../lib/load.js";
import { Ask, Failure, PageTurner, say, Top } from "../lib/parts.js";
import { refusalOf } from "../lib/refusal.js";
import { useParameters } from "../lib/router.js";
import { count, size } from "../lib/format.js";
import { Table } from "../lib/table.js";
import { untrusted } from "../lib/untrusted-text.js";
import { AheadDialog, RESTORE, UNDO } from "./ahead-dialog.js";
import { BACKUP, BackupRow } from "./backup-row.js";
import { Drill, DRILL_RUN } from "./drill.js";
import { KEPT_DATABASE, KeptDatabases, LastRestore } from "./last-restore.js";
import { OVERVIEW, Plan } from "./plan.js";
import { BACKUP_RUN, Running, Runs } from "./runs.js";

/** @typedef {import("../types/documents").BackupFields} Backup */
/** @typedef {import("../types/documents").BackupRunFields} BackupRun */
/** @typedef {import("../lib/parts.js").Question} Question */
/** @typedef {import("../lib/refusal.js").Refusal} Refusal */

// `restore` and `back` name the open dialog, so that a new sign-in comes back to it.
const DEFAULTS = { after: "", restore: "", back: "" };
// Reload the progress of a run.
const LOOK_EVERY_MS = 1_000;
// Another person or the schedule may start a run.
const LOOK_FOR_OTHERS_MS = 5_000;

const LIST = gql(
  `query Backups($after: String) {
    backups(first: 25, after: $after) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { ...BackupFields }
    }
    backupRuns(first: 10) { nodes { ...BackupRunFields } }
    drills(first: 1) { nodes { ...DrillFields } }
    keptDatabases { ...KeptDatabaseFields }
    backupStorageProblem
  }`,
  BACKUP,
  BACKUP_RUN,
  DRILL_RUN,
  KEPT_DATABASE,
);
const PLAN = gql(
  `query BackupPlan {
    backupOverview { ...BackupOverviewFields }
    scheduledTasks { name nextRunAt }
  }`,
  OVERVIEW,
);
const NEWEST = gql("query NewestBackupRun { backupRuns(first: 1) { nodes { id state } } }");
const CREATE = gql(`mutation CreateBackup($input: CreateBackupInput!) {
  createBackup(input: $input) { run { id } }
}`);
const VERIFY = gql(`mutation VerifyBackup($input: VerifyBackupInput!) {
  verifyBackup(input: $input) { run { id } }
}`);
const DELETE = gql(`mutation DeleteBackup($input: DeleteBackupInput!) {
  deleteBackup(input: $input) { backup { name } }
}`);
const DRILL = gql(`mutation RunDrill($input: RunDrillInput!) {
  runDrill(input: $input) { run { id } }
}`);

export function BackupsPage() {
  const [state, setState] = useParameters(DEFAULTS);
  const list = useQuery(LIST, { after: state.after || null });
  const [asked, setAsked] = useState(/** @type {Question | null} */ (null));
  const [refused, setRefused] = useState(/** @type {Refusal | null} */ (null));
  const plan = useQuery(PLAN, {});
  const { reload } = list;
  const page = list.data?.backups;
  const runs = list.data?.backupRuns.nodes ?? [];
  const running = runs.find((run) => run.state === "RUNNING");
  const isBusy = Boolean(running);
  useEffect(() => {
    if (!isBusy) return;
    const timer = setInterval(reload, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [isBusy, reload]);
  const shown = JSON.stringify([runs[0]?.id, runs[0]?.state]);
  const { reload: reloadPlan } = plan;
  useEffect(() => void reloadPlan(), [shown, reloadPlan]);
  const look = useCallback(async () => {
    if (isBusy) return;
    const data = await ask(NEWEST).catch(() => null);
    const [newest] = data?.backupRuns.nodes ?? [];
    if (data && JSON.stringify([newest?.id, newest?.state]) !== shown) await reload();
  }, [isBusy, shown, reload]);
  useRefresh(look, LOOK_FOR_OTHERS_MS);

  const after = async (/** @type {Promise<unknown>} */ start) => {
    setRefused(null);
    await start;
    await reload();
  };
  const attempt = (/** @type {Promise<unknown>} */ start) =>
    after(start).catch((error) => setRefused(refusalOf(error)));

  const create = () =>
    setAsked({
      title: "Create a backup now?",
      text: "A backup contains the database, the configuration without secrets, and the newest logs.",
      verb: "Create backup",
      fields: html`<label class="field"
        >Note <small>optional</small><input name="note" maxlength="200"
      /></label>`,
      run: (/** @type {FormData} */ form) =>
        after(ask(CREATE, { input: { note: String(form.get("note") ?? "") || null } })),
    });
  const remove = (/** @type {Backup} */ backup) =>
    setAsked({
      title: "Delete this backup?",
      text: html`This permanently deletes ${untrusted(backup.name)} (${size(backup.sizeBytes)}) and
      all its copies.`,
      verb: "Delete",
      danger: true,
      recent: true,
      run: async () => {
        await after(ask(DELETE, { input: { name: backup.name } }));
        say(html`${untrusted(backup.name)} was deleted.`);
      },
    });
  const lastRestore = runs.find((run) => run.kind === "RESTORE");
  const kept = list.data?.keptDatabases ?? [];
  const goBack = (/** @type {string} */ back) => setState({ back });
  const download = async (/** @type {Backup} */ backup) => {
    setRefused(null);
    const address = `/api/engine/admin/backups/${backup.name}`;
    // The browser would save an error under the archive's name.
    const answer = await fetch(address, { method: "HEAD" }).catch(() => null);
    if (answer?.ok) location.assign(address);
    else setRefused(refusal(answer?.status));
  };

  const ahead = { close: () => setState({ restore: "", back: "" }, true), started: reload };
  const isChanging = running?.kind === "RESTORE" && list.error?.code === "UNAVAILABLE";
  return html`<${Top} title="Backups" text="Backups, restore drills and restores.">
      <button class="btn glass" disabled=${isBusy} onClick=${create}>
        <${Icon} name="plus" />New backup
      </button>
    <//>
    ${list.error && !isChanging && html`<${Failure} error=${list.error} retry=${reload} />`}
    ${refused && html`<${Refused} error=${refused} close=${() => setRefused(null)} />`}
    ${
      list.data?.backupStorageProblem &&
      html`<p class="notice bad" role="alert">${untrusted(list.data.backupStorageProblem)}</p>`
    }
    <${Running} run=${running} />
    ${isChanging && html`<p class="notice" role="status">${CHANGING}</p>`}
    ${
      !running &&
      html`<${LastRestore} run=${lastRestore} kept=${kept} isBusy=${isBusy} goBack=${goBack} />`
    }
    <${Plan} overview=${plan.data?.backupOverview} tasks=${plan.data?.scheduledTasks} />
    <${Drill}
      drill=${list.data?.drills.nodes[0]}
      isLoaded=${Boolean(list.data)}
      isBusy=${isBusy}
      run=${() => attempt(ask(DRILL, { input: {} }))}
    />
    <section class="card" aria-label="Backups">
      ${
        page?.nodes.length === 0
          ? html`<div class="empty">
              <b>No backups yet</b>
              <button class="btn" disabled=${isBusy} onClick=${create}>Create backup</button>
            </div>`
          : html`<${Table}
              label="Backups"
              look="backups"
              heads=${["Backup", "State", "Size", "Actions"]}
              rows=${page?.nodes}
              row=${(/** @type {Backup} */ backup) =>
                html`<${BackupRow}
                  key=${backup.name}
                  backup=${backup}
                  isBusy=${isBusy}
                  verify=${() => attempt(ask(VERIFY, { input: { name: backup.name } }))}
                  download=${() => download(backup)}
                  restore=${() => setState({ restore: backup.name })}
                  retry=${create}
                  remove=${() => remove(backup)}
                />`}
              isBusy=${list.loading}
              hasFailed=${Boolean(list.error)}
            />`
      }
      <div class="pager">
        <span>${page ? `${count(page.totalCount, "backup")}` : ""}</span>
        <${PageTurner}
          page=${page}
          after=${state.after}
          isStale=${list.isStale}
          turn=${(/** @type {string} */ after) => setState({ after })}
        />
      </div>
    </section>
    <${KeptDatabases} kept=${kept} isBusy=${isBusy} goBack=${goBack} />
    <${Runs}
      runs=${runs}
      shown=${shownElsewhere(runs, page?.nodes, running ? null : lastRestore)}
    />
    <${Ask} question=${asked} done=${() => setAsked(null)} />
    ${state.restore && html`<${AheadDialog} key=${state.restore} kind=${RESTORE} name=${state.restore} ...${ahead} />`}
    ${state.back && html`<${AheadDialog} key=${state.back} kind=${UNDO} name=${state.back} ...${ahead} />`}`;
}

const CHANGING = "Switching databases. This page updates automatically.";

/**
 * Ids of the runs whose problem is shown in the list of backups, or whose result is shown above it.
 * @param {BackupRun[]} runs @param {Backup[] | undefined} backups
 * @param {BackupRun | null | undefined} lastRestore
 */
function shownElsewhere(runs, backups, lastRestore) {
  const failed = (backups ?? []).filter((one) => one.state === "FAILED").map((one) => one.name);
  const rows = runs.filter((run) => run.kind === "CREATE" && failed.includes(run.backupName));
  return new Set([...rows, ...(lastRestore ? [lastRestore] : [])].map((run) => run.id));
}

/** The refusal that the status of a HEAD request stands for. @param {number | undefined} status */
function refusal(status) {
  if (status === 403)
    return { code: "REAUTHENTICATION_REQUIRED", message: "Downloads require a recent sign-in." };
  if (status === 401) return { code: "UNAUTHENTICATED", message: "You have been signed out." };
  return { code: "", message: "The backup can't be downloaded right now." };
}

/** @param {{ error: Refusal, close: () => void }} props */
function Refused({ error, close }) {
  const redirect = encodeURIComponent(location.pathname + location.search);
  const isOld = error.code === "REAUTHENTICATION_REQUIRED" || error.code === "UNAUTHENTICATED";
  return html`<div class="notice bad" role="alert">
    ${untrusted(error.message)}
    ${isOld && html`<a href="/auth/login?again=1&redirect=${redirect}">Sign in again</a>`}
    <button class="btn small" onClick=${close}>Close</button>
  </div>`;
}
