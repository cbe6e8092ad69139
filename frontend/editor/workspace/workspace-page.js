// @ts-check
/** The workspace of a script: its files, the open one, and the panels beside it. */
import { html } from "htm/preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { follow } from "../../lib/gql.js";
import { Icon } from "../../lib/icons.js";
import { useQuery } from "../../lib/load.js";
import { setTitle } from "../../lib/mark.js";
import { StateNotice } from "../../lib/notices.js";
import { Ask, Failure, Time } from "../../lib/parts.js";
import { untrusted } from "../../lib/untrusted-text.js";
import { addressOf, EDITOR, go, openByAddress } from "../address.js";
import { Head, isAdministrator } from "../frame.js";
import { deployFlow } from "../history/deploy-dialog.js";
import { HistoryNotices } from "../history/notices.js";
import { saveFlow } from "../history/save.js";
import { useFiles } from "../history/use-files.js";
import { useChecks } from "../problems/use-checks.js";
import { Actions } from "./actions.js";
import { Code } from "./code.js";
import { Dock } from "./dock.js";
import { Workspace } from "./files.js";
import { FilesTree } from "./files-tree.js";
import { CHANGED, SCRIPT } from "./script-query.js";
import { KeysSheet } from "./keys-sheet.js";
import { Tabs } from "./tabs.js";
import { useAddressOf } from "./use-address-of.js";
import { useKeys } from "./use-keys.js";
import { useLeaveGuard } from "./use-leave-guard.js";
import { useWorkspace } from "./use-workspace.js";

/**
 * @typedef {import("../frame.js").Me} Me
 * @typedef {import("../panels.js").EditorScript} EditorScript
 * @typedef {Omit<EditorScript, "viewerMayChange">} FoundScript
 */

/** As in workspace.css. */
const PHONE = "(max-width: 60rem)";

/** @param {{ slug: string }} props */
export function WorkspacePage({ slug }) {
  const { data, error, reload } = useQuery(SCRIPT, { slug });
  useEffect(() => setTitle(`${slug} · Editor`), [slug]);
  useEffect(
    () =>
      follow(
        CHANGED,
        () => void reload(),
        () => {},
        { slug },
      ),
    [slug, reload],
  );
  const found = data?.script;
  const me = data?.viewer ?? null;
  const seen = useRef(/** @type {FoundScript | null} */ (null));
  if (found) seen.current = found;
  const isDeleted = data !== null && !found;
  // What is open and not saved would be gone with a script that somebody deletes.
  if (seen.current && me) {
    const mayChange = !isDeleted && (seen.current.viewerIsOwner || isAdministrator(me));
    return html`<${Loaded}
      me=${me}
      found=${seen.current}
      mayChange=${mayChange}
      isDeleted=${isDeleted}
      reload=${reload}
    />`;
  }
  return html`<${Head} me=${me} />
    <main class="editor-page" id="main" tabindex="-1">
      <${StateNotice} />
      ${error && html`<${Failure} error=${error} retry=${reload} />`}
      ${isDeleted && html`<${Missing} slug=${slug} />`}
      ${!data && !error && html`<p class="card empty" role="status">Loading the script …</p>`}
    </main>`;
}

/** @param {{ slug: string }} props */
const Missing = ({ slug }) =>
  html`<div class="card empty">
    <h1>Script not found</h1>
    <p>There is no script ${untrusted(slug)}, or it was deleted.</p>
    <p><a class="btn" href=${EDITOR}>Go to the scripts</a></p>
  </div>`;

/**
 * @param {{ me: Me, found: FoundScript, mayChange: boolean, isDeleted: boolean,
 *   reload: () => Promise<void> }} props
 */
function Loaded({ me, found, mayChange, isDeleted, reload }) {
  const { slug } = found;
  const [workspace] = useState(() => new Workspace({ slug, canChange: mayChange }));
  useWorkspace(workspace);
  const { isLoaded, error, load, draft } = useFiles(workspace, mayChange);
  // All that changes the script appears together, once the files can be changed.
  const script = { ...found, viewerMayChange: workspace.canChange };
  // Before paint: until then, Save and Deploy do nothing.
  useLayoutEffect(() => {
    workspace.use({ save: saveFlow, deploy: (given) => void deployFlow(given), reload });
  }, [workspace, reload]);
  const panel = useAddressOf(workspace, isLoaded);
  const [isHelping, setHelping] = useState(false);
  // On a phone the files lie over the code, until one is chosen.
  const [showsFiles, setShowsFiles] = useState(false);
  const path = workspace.current?.path;
  useEffect(() => setShowsFiles(false), [path]);
  const choose = (/** @type {string} */ id) =>
    go(addressOf(slug, { ...openByAddress(), panel: id }));
  useEffect(() => {
    if (!isLoaded) return undefined;
    // There, a panel lies over the code that one of its lines leads to.
    return workspace.subscribe((event) => {
      if (event === "tabs" && matchMedia(PHONE).matches) choose("");
    });
  }, [workspace, isLoaded]);
  const help = () => setHelping(true);
  useKeys({ workspace, choose, help });
  useChecks(workspace, isLoaded);
  const [leaving, setStays] = useLeaveGuard(workspace, draft.keep);
  return html`<${Head} me=${me}>
      <${Actions} script=${script} workspace=${workspace} help=${help} />
    <//>
    <main
      class="workspace"
      id="main"
      tabindex="-1"
      data-files=${String(showsFiles)}
      data-panel=${String(panel !== "")}
    >
      <div class="workspace-notices">
        <${StateNotice} />
        ${isDeleted && html`<${Deleted} />`}
        ${!isDeleted && script.suspendedAt && html`<${Suspended} script=${script} />`}
        ${!isDeleted && !mayChange && html`<${ReadOnly} script=${script} />`}
        ${error && html`<${Failure} error=${error} retry=${load} />`}
        ${
          isLoaded &&
          !isDeleted &&
          html`<${HistoryNotices} workspace=${workspace} script=${script} draft=${draft} />`
        }
      </div>
      <section class="files" id="files" aria-label="Files">
        ${isLoaded && html`<${FilesTree} workspace=${workspace} />`}
      </section>
      <section class="code-area" aria-label="Code">
        <div class="code-bar">
          <button
            class="btn small show-files"
            aria-expanded=${String(showsFiles)}
            aria-controls="files"
            onClick=${() => setShowsFiles(!showsFiles)}
          >
            <${Icon} name="folder" />Files
          </button>
          <${Tabs} workspace=${workspace} />
        </div>
        ${isLoaded && html`<${Code} workspace=${workspace} />`}
        ${!isLoaded && !error && html`<p class="panel-empty" role="status">Loading files …</p>`}
      </section>
      ${
        isLoaded &&
        html`<${Dock} script=${script} workspace=${workspace} open=${panel} choose=${choose} />`
      }
    </main>
    ${isHelping && html`<${KeysSheet} close=${() => setHelping(false)} />`}
    <${Ask} question=${leaving} done=${setStays} />`;
}

const Deleted = () =>
  html`<p class="notice bad" role="alert">
    <span>
      This script was deleted. Its files are only in this window now: copy what you still need
      before you leave.
    </span>
    <a class="btn small" href=${EDITOR}>Go to the scripts</a>
  </p>`;

/** @param {{ script: EditorScript }} props */
const Suspended = ({ script: { suspendedAt, suspensionReason } }) =>
  html`<p class="notice bad" role="status">
    <span>
      Suspended${" "}
      <${Time} iso=${suspendedAt} />${suspensionReason && html`: ${untrusted(suspensionReason)}`}
    </span>
    <span>Visitors get status 503 until an administrator resumes the script.</span>
  </p>`;

/** @param {{ script: EditorScript }} props */
function ReadOnly({ script }) {
  const owners = script.owners.map(({ name, email }) => name || email).join(", ");
  return html`<p class="notice" role="status">
    <span>
      You can read this script. To change it, ask an owner${" "}
      ${owners ? html`(${untrusted(owners)})` : ""} or an administrator.
    </span>
  </p>`;
}
