// @ts-check
/** The dialog before a restore or its undoing: what will be undone, and the question. */
import { html } from "htm/preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { gql } from "../lib/documents.js";
import { ask } from "../lib/gql.js";
import { say, sayRefused } from "../lib/parts.js";
import { refusalOf } from "../lib/refusal.js";
import { ago, count } from "../lib/format.js";
import { untrusted } from "../lib/untrusted-text.js";

const PREVIEW = gql(`fragment PreviewFields on RestorePreview {
  takenAt programVersion pendingMigrations problem hasSameHistory signsYouOut
  undone {
    changes removals isMore otherPeople
    people { label changes newest { at action targetLabel } }
  }
}`);

/** @typedef {import("../types/documents").PreviewFields} RestorePreview */
/** @typedef {import("../types/documents").RestoreAheadData} AheadData of both kinds */

const WORD = "restore";

/**
 * What differs between a restore and its undoing.
 * @typedef {{ title: string, verb: string, preview: (name: string) => Promise<AheadData>,
 *   start: (name: string) => Promise<unknown>, isTyped: boolean, taken: string, end: string }} Kind
 */

const RESTORE_AHEAD = gql(
  `query RestoreAhead($name: String!) {
    viewer { recentSignInUntil }
    ahead: restorePreview(backupName: $name) { ...PreviewFields }
  }`,
  PREVIEW,
);
const RESTORE_BACKUP = gql(`mutation RestoreBackup($input: RestoreBackupInput!) {
  restoreBackup(input: $input) { run { id } }
}`);
const UNDO_AHEAD = gql(
  `query UndoAhead($name: String!) {
    viewer { recentSignInUntil }
    ahead: undoRestorePreview(database: $name) { ...PreviewFields }
  }`,
  PREVIEW,
);
const UNDO_RESTORE = gql(`mutation UndoRestore($input: UndoRestoreInput!) {
  undoRestore(input: $input) { run { id } }
}`);

/** @type {Kind} */
export const RESTORE = {
  title: "Restore this backup?",
  verb: "Restore",
  preview: (name) => ask(RESTORE_AHEAD, { name }),
  start: (name) => ask(RESTORE_BACKUP, { input: { name, confirm: WORD } }),
  isTyped: true,
  taken: "Taken",
  end: "A safety backup is created first, and the current database is kept, so you can undo the restore. Sessions and API tokens that are not in the backup end. An access review is opened.",
};

/** @type {Kind} */
export const UNDO = {
  title: "Undo the restore?",
  verb: "Undo restore",
  preview: (name) => ask(UNDO_AHEAD, { name }),
  start: (database) => ask(UNDO_RESTORE, { input: { database } }),
  isTyped: false,
  taken: "Replaced",
  end: "The current database is kept, so this can be undone too. Sessions and API tokens that only the previous database has stay ended. An access review is opened.",
};

/**
 * The question, with a preview. A sign-in that is too old is asked for first, before anything is
 * typed.
 * @param {{ kind: Kind, name: string, close: () => void, started: () => unknown }} props
 */
export function AheadDialog({ kind, name, close, started }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [ahead, setAhead] = useState(/** @type {RestorePreview | null} */ (null));
  const [isOld, setIsOld] = useState(false);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  useLayoutEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    let isOpen = true;
    kind
      .preview(name)
      .then((data) => {
        if (!isOpen) return;
        const until = data.viewer?.recentSignInUntil;
        setIsOld(Boolean(until && new Date(until) <= new Date()));
        setAhead(data.ahead);
      })
      .catch((refused) => isOpen && setError(refused.message));
    return () => {
      isOpen = false;
    };
  }, [kind, name]);
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    if (kind.isTyped && String(form.get("word")).trim().toLowerCase() !== WORD) {
      setError(`Type ${WORD} to continue.`);
      return;
    }
    setBusy(true);
    try {
      await kind.start(name);
      dialog.current?.close();
      await started();
    } catch (refused) {
      if (!dialog.current?.open) {
        sayRefused(refused);
        return;
      }
      const { code, message } = refusalOf(refused);
      setIsOld(code === "REAUTHENTICATION_REQUIRED");
      setError(message);
      setBusy(false);
    }
  };
  const canGoOn = ahead && !ahead.problem && !isOld;
  return html`<dialog ref=${dialog} class="ahead" onClose=${close} aria-labelledby="ahead-title">
    <form onSubmit=${submit}>
      <h2 id="ahead-title">${kind.title}</h2>
      <p class="subject"><code>${untrusted(name)}</code><${CopyName} name=${name} /></p>
      ${!ahead && !error && html`<p role="status">Checking which changes will be undone…</p>`}
      ${ahead && html`<${Ahead} ahead=${ahead} kind=${kind} />`}
      ${isOld && html`<${SignInFirst} />`}
      ${
        canGoOn &&
        html`<p>${kind.end}${!ahead.signsYouOut && " You stay signed in."}</p>
          ${
            kind.isTyped &&
            html`<label class="field">
              Type ${WORD} to continue
              <input name="word" autocomplete="off" autocapitalize="none" />
            </label>`
          }`
      }
      ${error && !isOld && html`<p class="notice bad" role="alert">${untrusted(error)}</p>`}
      <menu>
        <button type="button" class="btn" onClick=${() => dialog.current?.close()}>Cancel</button>
        ${
          canGoOn &&
          html`<button class="btn danger" disabled=${busy}>
            ${busy ? "Starting…" : kind.verb}
          </button>`
        }
      </menu>
    </form>
  </dialog>`;
}

function SignInFirst() {
  const redirect = encodeURIComponent(location.pathname + location.search);
  return html`<p class="notice" role="alert">
    This action requires a recent sign-in. You return to this dialog afterwards.${" "}
    <a href="/auth/login?again=1&redirect=${redirect}">Sign in again</a>
  </p>`;
}

/** @param {{ name: string }} props */
const CopyName = ({ name }) =>
  html`<button
    type="button"
    class="btn small"
    onClick=${() => navigator.clipboard.writeText(name).then(() => say("Name copied."))}
  >
    Copy name
  </button>`;

/** @param {{ ahead: RestorePreview, kind: Kind }} props */
function Ahead({ ahead, kind }) {
  const migrations = ahead.pendingMigrations;
  return html`<div class="outlook">
    <p>
      <b>${kind.taken} ${ago(ahead.takenAt)}</b>,${" "}
      <time datetime=${ahead.takenAt}>${inUtc(ahead.takenAt)}</time>${
        ahead.programVersion && html`, by aiwebengine ${untrusted(ahead.programVersion)}`
      }.${" "}
      ${
        migrations.length > 0 &&
        html`<span title=${migrations.join(", ")}>
          Migrations to apply: ${migrations.length}.
        </span>`
      }
    </p>
    ${ahead.problem && html`<p class="notice bad" role="alert">${untrusted(ahead.problem)}</p>`}
    ${
      ahead.signsYouOut &&
      html`<p class="notice bad" role="alert">
        You were not an administrator at that time. You will be signed out and may lose access.
      </p>`
    }
    <${UndoneChanges} undone=${ahead.undone} />
    ${
      !ahead.hasSameHistory &&
      html`<p>
        The backup and the current database have different histories. Changes are counted by time.
      </p>`
    }
  </div>`;
}

/** The changes that are undone, by person. @param {{ undone: RestorePreview["undone"] }} props */
function UndoneChanges({ undone }) {
  if (!undone)
    return html`<p class="problem">
      The database does not answer, so it is unknown which changes will be undone.
    </p>`;
  const more = undone.isMore ? "More than " : "";
  const people = count(undone.people.length + undone.otherPeople, "person", "people");
  return html`${
    undone.changes === 0
      ? html`<p><b>No changes will be undone.</b></p>`
      : html`<p>
            <b>${more}${count(undone.changes, "change")} by ${people} will be undone:</b>
          </p>
          <ul class="undone">
            ${undone.people.map(
              (person) =>
                html`<li key=${person.label}>
                  <bdi>${untrusted(person.label)}</bdi> <b>${count(person.changes)}</b>
                  <span>
                    ${person.newest.map(
                      (change) =>
                        html`<span>
                          ${change.action.toLowerCase().replaceAll("_", " ")}${" "}
                          <bdi>${untrusted(change.targetLabel)}</bdi>, ${ago(change.at)}
                        </span>`,
                    )}
                  </span>
                </li>`,
            )}
            ${undone.otherPeople > 0 && html`<li>and ${count(undone.otherPeople)} more</li>`}
          </ul>`
  }
  ${
    undone.removals > 0 &&
    html`<p>
      ${count(undone.removals, "removal stays", "removals stay")} in effect: suspensions, deletions,
      revoked roles and tokens, ended sessions.
    </p>`
  }`;
}

/** "2026-11-27 09:38 UTC". @param {string} iso */
const inUtc = (iso) => `${new Date(iso).toISOString().slice(0, 16).replace("T", " ")} UTC`;
