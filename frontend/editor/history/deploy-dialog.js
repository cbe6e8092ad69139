// @ts-check
/** Asks before a deployment or a rollback, and says what it changes. */
import { html } from "htm/preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { gql } from "../../lib/documents.js";
import { ask } from "../../lib/gql.js";
import { useQuery } from "../../lib/load.js";
import { Failure, say, sayRefused, Time } from "../../lib/parts.js";
import { inWords, refusalOf } from "../../lib/refusal.js";
import { untrusted } from "../../lib/untrusted-text.js";
import { openDialog, WideDialog } from "./dialogs.js";
import { DiffView } from "./diff-view.js";
import { changeOf, migrationsOf, routeNames } from "./offered.js";
import { count, nouns } from "../../lib/format.js";

/**
 * @typedef {import("../workspace/files.js").Workspace} Workspace
 * @typedef {import("../../types/documents").EditorDeployPlanData} Plan
 * @typedef {import("../../types/documents").EditorDeployCheckData["checkScript"]} Checked
 * @typedef {import("../../lib/refusal.js").Refusal} Refusal
 * @typedef {{ version: number, isRollback?: boolean }} Wanted
 */

const PLAN = gql(`query EditorDeployPlan($slug: String!) {
  script(slug: $slug) {
    activeVersion state
    routes { method path }
    activations(first: 1) { nodes { version at by } }
  }
  scriptSchedules(slug: $slug, first: 200) { nodes { name isDeclared } }
}`);

const FILES = gql(`query EditorDeployFiles($slug: String!, $from: Int!, $to: Int!) {
  scriptDiff(slug: $slug, from: $from, to: $to) { path kind }
}`);

const CHECK = gql(`mutation EditorDeployCheck($input: CheckScriptInput!) {
  checkScript(input: $input) {
    ok schedules
    routes { method path }
    diagnostics { severity message file line column }
  }
}`);

const DEPLOY = gql(`mutation EditorDeploy($input: DeployScriptInput!) {
  deployScript(input: $input) { changed }
}`);

const ROLL_BACK = gql(`mutation EditorRollBack($input: RollBackScriptInput!) {
  rollBackScript(input: $input) { changed }
}`);

/**
 * Saves what is here, asks, and deploys it; or asks about the version that is given.
 * @param {Workspace} workspace @param {Wanted} [wanted]
 */
export async function deployFlow(workspace, wanted) {
  if (!wanted && (workspace.isDirty || workspace.baseVersion === 0))
    if ((await workspace.save()) === null) return;
  const { version, isRollback = false } = wanted ?? { version: workspace.baseVersion };
  await openDialog(DeployDialog, { workspace, version, isRollback });
}

/**
 * @param {{ workspace: Workspace, version: number, isRollback: boolean,
 *   done: (nothing: null) => void }} props
 */
function DeployDialog({ workspace, version, isRollback, done }) {
  const { slug } = workspace;
  const plan = useQuery(PLAN, { slug }, { isContent: false });
  const check = useQuery(CHECK, { input: { slug, version } }, { isContent: false });
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState(/** @type {Refusal | null} */ (null));
  const isOpen = useRef(true);
  useLayoutEffect(() => () => void (isOpen.current = false), []);
  const checked = check.data?.checkScript;
  const active = plan.data?.script?.activeVersion ?? 0;
  const verb = isRollback ? "Roll back" : "Deploy";
  const go = async () => {
    setBusy(true);
    setRefused(null);
    try {
      // What the dialog shows: another version may be active by now.
      const input = { slug, version, expectedActiveVersion: active };
      await (isRollback ? ask(ROLL_BACK, { input }) : ask(DEPLOY, { input }));
      // Said also to who has closed the dialog meanwhile.
      say(isRollback ? `Rolled back to version ${version}.` : `Version ${version} is deployed.`);
      if (isOpen.current) done(null);
      await workspace.reload();
    } catch (error) {
      if (!isOpen.current) {
        sayRefused(error);
        return;
      }
      const why = refusalOf(error);
      setRefused(why);
      // What it would replace now, to be confirmed again.
      if (why.code === "CONFLICT") await plan.reload();
      setBusy(false);
    }
  };
  const title = isRollback ? `Roll back to version ${version}` : `Deploy version ${version}`;
  return html`<${WideDialog} title=${title} close=${() => done(null)}>
    ${plan.error && html`<${Failure} error=${plan.error} retry=${plan.reload} />`}
    ${check.error && html`<${Failure} error=${check.error} retry=${check.reload} />`}
    ${plan.data && html`<${Served} plan=${plan.data} version=${version} />`}
    ${!checked && !check.error && html`<p class="quiet" role="status">Loading it on trial …</p>`}
    ${
      checked &&
      html`<${Diagnostics} checked=${checked} open=${openAt(workspace, () => done(null))} />`
    }
    ${checked?.ok && plan.data && html`<${Changes} plan=${plan.data} checked=${checked} />`}
    ${
      plan.data &&
      active !== version &&
      html`<${Files} slug=${slug} from=${active} to=${version} isRollback=${isRollback} />`
    }
    ${
      refused &&
      html`<p class="notice bad" role="alert">
        ${untrusted(inWords(refused))} Nothing has changed.
      </p>`
    }
    <div class="dialog-end">
      <button class="btn" onClick=${() => done(null)}>Cancel</button>
      <button
        class="btn primary"
        disabled=${busy || !checked?.ok || !plan.data || active === version}
        onClick=${go}
      >
        ${verb}
      </button>
    </div>
  <//>`;
}

/** @param {{ plan: Plan, version: number }} props */
function Served({ plan, version }) {
  const active = plan.script?.activeVersion;
  const last = plan.script?.activations.nodes[0];
  if (!active)
    return html`<p>Nothing is served yet. From now on visitors get version ${version}.</p>`;
  if (active === version) return html`<p>Version ${version} is served already.</p>`;
  return html`<p>
    ${`Visitors get version ${version} instead of version ${active}`}${
      last?.version === active &&
      html`, which ${untrusted(last.by || "somebody")} deployed${" "}<${Time} iso=${last.at} />`
    }${plan.script?.state === "SUSPENDED" ? ". The script stays suspended." : "."}
  </p>`;
}

/**
 * @param {Workspace} workspace @param {() => void} close
 * @returns {(file: string, line: number | null, column: number | null) => void}
 */
const openAt = (workspace, close) => (file, line, column) => {
  close();
  workspace.open(file, { line: line ?? 1, column: column ?? 1 });
};

/** @param {{ checked: Checked, open: ReturnType<typeof openAt> }} props */
function Diagnostics({ checked, open }) {
  const { ok, diagnostics } = checked;
  if (ok && diagnostics.length === 0) return null;
  return html`${
      !ok &&
      html`<p class="notice bad" role="alert">
        This version does not load, so it can't be deployed. Nothing has changed.
      </p>`
    }
    <ul class="diagnostics" aria-label="Problems of this version">
      ${diagnostics.map(({ severity, message, file, line, column }, index) => {
        const place = [file, line, column].filter((part) => part !== null).join(":");
        return html`<li key=${index}>
          <span class=${severity === "ERROR" ? "badge bad" : "badge"}
            >${severity.toLowerCase()}</span
          >
          ${
            file &&
            html`<button class="place" onClick=${() => open(file, line, column)}>
              ${untrusted(place)}
            </button>`
          }
          <span>${untrusted(message)}</span>
        </li>`;
      })}
    </ul>`;
}

/** @param {{ plan: Plan, checked: Checked }} props */
function Changes({ plan, checked }) {
  const routes = changeOf(routeNames(plan.script?.routes ?? []), routeNames(checked.routes));
  const declared = plan.scriptSchedules.nodes.filter(({ isDeclared }) => isDeclared);
  const schedules = changeOf(
    declared.map(({ name }) => name),
    checked.schedules,
  );
  return html`<${Changed} name="Routes" change=${routes} />
    <${Changed} name="Schedules" change=${schedules} />`;
}

/** @param {{ name: string, change: import("./offered.js").Change }} props */
function Changed({ name, change: { added, removed, kept } }) {
  if (added.length + removed.length + kept === 0) return null;
  return html`<section class="changed" aria-label=${name}>
    <h3>${name}</h3>
    <ul>
      ${added.map((one) => html`<li class="added">+ <code>${untrusted(one)}</code></li>`)}
      ${removed.map((one) => html`<li class="removed">− <code>${untrusted(one)}</code></li>`)}
      ${kept > 0 && html`<li>${kept} stay as they are</li>`}
    </ul>
  </section>`;
}

/** @param {{ slug: string, from: number, to: number, isRollback: boolean }} props */
function Files({ slug, from, to, isRollback }) {
  const { data } = useQuery(FILES, { slug, from, to }, { isContent: false });
  const [shows, setShows] = useState(false);
  if (!data) return null;
  const { run, undone } = migrationsOf(data.scriptDiff);
  const names = (/** @type {string[]} */ all) =>
    all.map((name) => html`<li><code>${untrusted(name)}</code></li>`);
  return html`${
      run.length > 0 &&
      html`<section class="changed" aria-label="Migrations">
        <h3>Migrations of the database to run</h3>
        <ul>
          ${names(run)}
        </ul>
      </section>`
    }
    ${
      undone.length > 0 &&
      html`<section class="changed" aria-label="Migrations to undo">
        <h3>Migrations that this version does not have</h3>
        <p class="quiet">Those with a rollback are undone; others keep their tables.</p>
        <ul>
          ${names(undone)}
        </ul>
      </section>`
    }
    <details onToggle=${(/** @type {Event} */ event) => setShows(isOpen(event))}>
      <summary>
        ${count(data.scriptDiff.length, "file")}${" "}
        ${nouns(data.scriptDiff.length, "differs", "differ")}
        ${from > 0 && ` between version ${from} and ${to}`}
      </summary>
      ${shows && html`<${DiffView} slug=${slug} from=${from} to=${to} />`}
    </details>
    ${isRollback && html`<p class="quiet">No version is lost: you can deploy version ${from} again.</p>`}`;
}

/** @param {Event} event */
const isOpen = (event) => /** @type {HTMLDetailsElement} */ (event.currentTarget).open;
