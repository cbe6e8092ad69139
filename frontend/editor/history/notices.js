// @ts-check
/** What somebody who edits has to know: their draft, and what others have saved or deployed. */
import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { gql } from "../../lib/documents.js";
import { count, date, timeOfDay } from "../../lib/format.js";
import { useQuery } from "../../lib/load.js";
import { Ask, reason, say, sayRefused } from "../../lib/parts.js";
import { inWords, refusalOf } from "../../lib/refusal.js";
import { untrusted } from "../../lib/untrusted-text.js";
import { WideDialog } from "./dialogs.js";
import { DiffView } from "./diff-view.js";
import { mergeFlow } from "./save.js";
import { loadWith } from "./trees.js";
import { versionOf } from "../workspace/script-query.js";

/**
 * @typedef {import("../workspace/files.js").Workspace} Workspace
 * @typedef {import("../panels.js").EditorScript} EditorScript
 * @typedef {import("./use-files.js").DraftNotes} DraftNotes
 * @typedef {import("../../lib/parts.js").Question} Question
 */

const NEWS = gql(`query EditorNews($slug: String!) {
  viewer { email }
  script(slug: $slug) {
    newest { number authorName createdAt }
    activations(first: 1) { nodes { version kind by at } }
  }
}`);

/** @param {{ workspace: Workspace, script: EditorScript, draft: DraftNotes }} props */
export const HistoryNotices = ({ workspace, script, draft }) =>
  html`<${DraftNotice} draft=${draft} workspace=${workspace} />
    <${News} workspace=${workspace} script=${script} />`;

/** @param {{ draft: DraftNotes, workspace: Workspace }} props */
function DraftNotice({ draft, workspace }) {
  const { restored, state, refused } = draft;
  const [question, setQuestion] = useState(/** @type {Question | null} */ (null));
  const askToDiscard = () => {
    const changed = count(workspace.changed().length, "file");
    setQuestion({
      title: "Discard your draft?",
      text: `What you changed in ${changed} since version ${workspace.baseVersion} is lost.`,
      verb: "Discard",
      danger: true,
      run: draft.discard,
    });
  };
  return html`${
      restored &&
      workspace.isDirty &&
      html`<div class="notice" role="status">
        <span>Restored your draft from ${momentOf(restored.savedAt)}.</span>
        ${restored.problems.map((problem) => html`<span>${untrusted(problem)}</span>`)}
        <button class="btn small" onClick=${askToDiscard}>Discard</button>
        <button class="btn small" onClick=${draft.dismiss}>Keep it</button>
      </div>`
    }
    ${
      state.kind === "failed" &&
      html`<div class="notice bad" role="alert">
        Your draft is not kept: ${untrusted(inWords(refusalOf(state.why)))} Save a version before
        you leave this page.
      </div>`
    }
    ${
      state.kind === "elsewhere" &&
      html`<div class="notice" role="alert">
        <span>You are editing this script in another window, too. Only one draft is kept.</span>
        <button class="btn small" onClick=${draft.takeOver}>Keep the one here</button>
        <button class="btn small" onClick=${draft.openOther}>Open the other one</button>
        ${refused && html`<span>${reason(refused)} Nothing has changed here.</span>`}
      </div>`
    } <${Ask} question=${question} done=${() => setQuestion(null)} />`;
}

const DAY_MS = 86_400_000;

/** The time, with the date unless it is less than a day ago. @param {string} iso */
const momentOf = (iso) =>
  Date.now() - new Date(iso).getTime() < DAY_MS ? timeOfDay(iso) : date(iso);

/** @param {{ workspace: Workspace, script: EditorScript }} props */
function News({ workspace, script }) {
  const { slug, newestVersion, activeVersion } = script;
  const { data, reload } = useQuery(NEWS, { slug }, { isContent: false });
  const [shows, setShows] = useState(false);
  useEffect(() => void reload(), [newestVersion, activeVersion]);
  useDeployments(data, activeVersion);
  const newest = data?.script?.newest;
  // While it is being saved, the newest version may be one's own.
  if (!newest || workspace.isSaving || newest.number <= workspace.baseVersion) return null;
  const { number, authorName } = newest;
  const open = async () => {
    if (workspace.isDirty) await mergeFlow(workspace);
    else await loadNewest(workspace);
  };
  return html`<div class="notice" role="status">
      <span>${untrusted(authorName)} saved version ${number}.</span>
      <button class="btn small" onClick=${() => setShows(true)}>Show difference</button>
      ${
        (workspace.canChange || !workspace.isDirty) &&
        html`<button class="btn small" onClick=${open}>
          ${workspace.isDirty ? "Merge" : "Open it"}
        </button>`
      }
    </div>
    ${
      shows &&
      html`<${WideDialog}
        title=${`Version ${workspace.baseVersion} to ${number}`}
        close=${() => setShows(false)}
      >
        <${DiffView} slug=${slug} from=${workspace.baseVersion} to=${number} />
        <div class="dialog-end">
          <button class="btn primary" onClick=${() => setShows(false)}>Close</button>
        </div>
      <//>`
    }`;
}

/** @param {Workspace} workspace */
async function loadNewest(workspace) {
  try {
    const version = await versionOf(workspace.slug);
    // Somebody may have typed meanwhile.
    if (version && !workspace.isDirty) loadWith(workspace, version, []);
  } catch (refused) {
    sayRefused(refused);
  }
}

/**
 * Says when somebody else makes another version the active one.
 * @param {import("../../types/documents").EditorNewsData | null} data
 * @param {number | null} activeVersion
 */
function useDeployments(data, activeVersion) {
  const last = data?.script?.activations.nodes[0];
  const known = useRef(/** @type {string | undefined} */ (undefined));
  useEffect(() => {
    if (!data) return;
    const before = known.current;
    known.current = last?.at ?? "";
    const isNew = before !== undefined && last && last.at !== before;
    if (!isNew || last.by === data.viewer?.email || last.version !== activeVersion) return;
    const act = last.kind === "DEPLOYED" ? "deployed" : "rolled back to";
    say(html`${untrusted(last.by)} ${act} version ${last.version}.`);
  }, [data, last?.at, activeVersion]);
}
