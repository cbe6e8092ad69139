// @ts-check
/** Backups: what there is, whether it is good, and everything that is done with it. */
import { html } from "htm/preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import { ask } from "../lib/gql.js";
import { Icon } from "../lib/icons.js";
import { useQuery, useRefresh } from "../lib/load.js";
import { Ask, Failure, PageTurner, say, Top } from "../lib/parts.js";
import { useParameters } from "../lib/router.js";
import { size } from "../lib/format.js";
import { Table } from "../lib/table.js";
import { untrusted } from "../lib/untrusted-text.js";
import { AheadDialog, RESTORE, UNDO } from "./ahead-dialog.js";
import { BackupRow } from "./backup-row.js";
import { Drill } from "./drill.js";
import { KeptDatabases, LastRestore } from "./last-restore.js";
import { Plan } from "./plan.js";
import { Running, Runs } from "./runs.js";

/** @typedef {import("../types/schema").Backup} Backup */

// `restore` and `back` are the question that is open, for a sign-in to come back to.
const DEFAULTS = { after: "", restore: "", back: "" };
// While something runs its progress is asked for.
const LOOK_EVERY_MS = 1_000;
// Somebody else, or the schedule, may begin something.
const LOOK_FOR_OTHERS_MS = 5_000;

const LIST = `query ($after: String) {
  backups(first: 25, after: $after) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes {
      name createdAt sizeBytes state problem signature locations hasSecrets verifiedAt drilledAt
      note isSafetyCopy
      programVersion databaseVersion
      parts { name sizeBytes }
      rowCounts { table rows }
    }
  }
  backupRuns(first: 10) {
    nodes { id kind state backupName actorLabel startedAt endedAt progress step problem details }
  }
  drills(first: 1) { nodes { id state backupName startedAt endedAt problem details } }
  keptDatabases { name replacedAt sizeBytes replacedBy }
  backupStorageProblem
}`;
const PLAN = `{
  backupOverview { retentionDays keepDaily keepWeekly keepMonthly totalBytes }
  scheduledTasks { name nextRunAt }
}`;
const NEWEST = "{ backupRuns(first: 1) { nodes { id state } } }";
const CREATE = `mutation ($input: CreateBackupInput!) {
  createBackup(input: $input) { run { id } }
}`;
const VERIFY = `mutation ($input: VerifyBackupInput!) {
  verifyBackup(input: $input) { run { id } }
}`;
const DELETE = `mutation ($input: DeleteBackupInput!) {
  deleteBackup(input: $input) { backup { name } }
}`;
const DRILL = "mutation ($input: RunDrillInput!) { runDrill(input: $input) { run { id } } }";

export function BackupsPage() {
  const [state, setState] = useParameters(DEFAULTS);
  const list = useQuery(LIST, { after: state.after || null });
  const [asked, setAsked] = useState(/** @type {any} */ (null));
  const [refused, setRefused] = useState(/** @type {any} */ (null));
  const plan = useQuery(PLAN, {});
  const { reload } = list;
  const page = list.data?.backups;
  const runs = list.data?.backupRuns.nodes ?? [];
  const running = runs.find((/** @type {any} */ run) => run.state === "RUNNING");
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

  const start = async (/** @type {string} */ mutation, /** @type {any} */ input) => {
    setRefused(null);
    await ask(mutation, { input });
    await reload();
  };
  const tryTo = (/** @type {string} */ mutation, /** @type {any} */ input) =>
    start(mutation, input).catch(setRefused);

  const create = () =>
    setAsked({
      title: "Make a backup now?",
      text: "It holds the database, the configuration without its secrets, and the newest logs.",
      verb: "Make backup",
      fields: html`<label class="field"
        >Note <small>may be left out</small><input name="note" maxlength="200"
      /></label>`,
      run: (/** @type {FormData} */ form) => start(CREATE, { note: form.get("note") || null }),
    });
  const remove = (/** @type {Backup} */ backup) =>
    setAsked({
      title: "Delete this backup?",
      text: html`${untrusted(backup.name)} (${size(backup.sizeBytes)}) and every copy of it are gone
      for good.`,
      verb: "Delete",
      danger: true,
      recent: true,
      run: async () => {
        await start(DELETE, { name: backup.name });
        say(html`${untrusted(backup.name)} is deleted.`);
      },
    });
  const lastRestore = runs.find((/** @type {any} */ run) => run.kind === "RESTORE");
  const kept = list.data?.keptDatabases ?? [];
  const goBack = (/** @type {string} */ back) => setState({ back });
  const download = async (/** @type {Backup} */ backup) => {
    setRefused(null);
    const address = `/api/engine/admin/backups/${backup.name}`;
    // A refusal would otherwise be saved under the archive's name.
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
      run=${() => tryTo(DRILL, {})}
    />
    <section class="card" aria-label="Backups">
      ${
        page?.nodes.length === 0
          ? html`<div class="empty">
              <b>No backups yet</b>
              <button class="btn" disabled=${isBusy} onClick=${create}>Make the first one</button>
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
                  verify=${() => tryTo(VERIFY, { name: backup.name })}
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
        <span>${page ? `${page.totalCount} in all` : ""}</span>
        <${PageTurner}
          page=${page}
          after=${state.after}
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
    ${state.restore && html`<${AheadDialog} kind=${RESTORE} name=${state.restore} ...${ahead} />`}
    ${state.back && html`<${AheadDialog} kind=${UNDO} name=${state.back} ...${ahead} />`}`;
}

const CHANGING = "The databases are changing places. This page continues by itself.";

/**
 * Ids of the runs whose problem stands in the list of backups, or whose result stands above.
 * @param {any[]} runs @param {any[] | undefined} backups @param {any} lastRestore
 */
function shownElsewhere(runs, backups, lastRestore) {
  const failed = (backups ?? []).filter((one) => one.state === "FAILED").map((one) => one.name);
  const rows = runs.filter((run) => run.kind === "CREATE" && failed.includes(run.backupName));
  return new Set([...rows, lastRestore].filter(Boolean).map((run) => run.id));
}

/** What a HEAD request can tell of its refusal. @param {number | undefined} status */
function refusal(status) {
  if (status === 403)
    return { code: "REAUTHENTICATION_REQUIRED", message: "Downloading needs a recent sign-in." };
  if (status === 401) return { code: "UNAUTHENTICATED", message: "You have been signed out." };
  return { code: "", message: "The archive can't be downloaded at present." };
}

/** @param {{ error: any, close: () => void }} props */
function Refused({ error, close }) {
  const redirect = encodeURIComponent(location.pathname + location.search);
  const isOld = error.code === "REAUTHENTICATION_REQUIRED" || error.code === "UNAUTHENTICATED";
  return html`<div class="notice bad" role="alert">
    ${untrusted(error.message)}
    ${isOld && html`<a href="/auth/login?again=1&redirect=${redirect}">Sign in again</a>`}
    <button class="btn small" onClick=${close}>Close</button>
  </div>`;
}
