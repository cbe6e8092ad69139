// @ts-check
/** The panel History: every version, what it changed, and who made it the active one when. */
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { gql } from "../../lib/documents.js";
import { size } from "../../lib/format.js";
import { useQuery } from "../../lib/load.js";
import { Failure, Time } from "../../lib/parts.js";
import { untrusted, untrustedLines } from "../../lib/untrusted-text.js";
import { deployFlow } from "./deploy-dialog.js";
import { DiffView } from "./diff-view.js";
import { bringBack } from "./version-actions.js";

/**
 * @typedef {import("../panels.js").PanelProps} PanelProps
 * @typedef {import("../../types/documents").EditorHistoryData} HistoryData
 * @typedef {NonNullable<HistoryData["script"]>["versions"]["nodes"][number]} Version
 * @typedef {NonNullable<HistoryData["script"]>["activations"]["nodes"][number]} Activation
 */

const HISTORY = gql(`query EditorHistory($slug: String!, $after: String) {
  script(slug: $slug) {
    activeVersion newestVersion
    versions(first: 20, after: $after) {
      nodes { number parent message authorName createdAt deployedAt }
      pageInfo { hasNextPage endCursor }
    }
    activations(first: 10) { nodes { version previousVersion kind at by } }
  }
}`);

const FILES = gql(`query EditorVersionFiles($slug: String!, $number: Int!) {
  scriptVersion(slug: $slug, number: $number) { files { path size text } }
}`);

/** @param {PanelProps} props */
export function HistoryPanel({ script, workspace }) {
  const { slug, newestVersion, activeVersion } = script;
  // The cursors of the pages before this one.
  const [pages, setPages] = useState(/** @type {string[]} */ ([]));
  const after = pages.at(-1) ?? null;
  const { data, error, isStale, reload } = useQuery(HISTORY, { slug, after });
  useEffect(() => void reload(), [newestVersion, activeVersion]);
  const found = data?.script;
  const failure = error && html`<${Failure} error=${error} retry=${reload} />`;
  if (!found)
    return failure || html`<p class="panel-empty" role="status">Loading the versions …</p>`;
  const { nodes, pageInfo } = found.versions;
  return html`<div class="history">
    ${failure}
    <${Active} active=${activeVersion} last=${found.activations.nodes[0]} />
    ${workspace.canChange && workspace.isDirty && html`<${SaveForm} workspace=${workspace} />`}
    ${
      nodes.length === 0 &&
      html`<p class="panel-empty">No version yet. Save makes one, and each can be brought back.</p>`
    }
    <ol class="versions" aria-label="Versions">
      ${nodes.map(
        (version) =>
          html`<${VersionItem}
            key=${version.number}
            version=${version}
            script=${script}
            workspace=${workspace}
          />`,
      )}
    </ol>
    ${
      (pages.length > 0 || pageInfo.hasNextPage) &&
      html`<p class="turn">
        <button
          class="btn small"
          disabled=${pages.length === 0}
          onClick=${() => setPages(pages.slice(0, -1))}
        >
          Newer
        </button>
        <button
          class="btn small"
          disabled=${isStale || !pageInfo.hasNextPage}
          onClick=${() => setPages([...pages, pageInfo.endCursor ?? ""])}
        >
          Older
        </button>
      </p>`
    }
    <${Activations} activations=${found.activations.nodes} />
  </div>`;
}

/** Saves with a message. @param {{ workspace: PanelProps["workspace"] }} props */
function SaveForm({ workspace }) {
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    void workspace.save({ message: String(form.get("message")) });
  };
  return html`<form class="save-form" onSubmit=${submit}>
    <label class="field">
      What does the next version change?
      <input name="message" maxlength="2000" autocomplete="off" />
    </label>
    <button class="btn" disabled=${workspace.isSaving}>Save with this message</button>
  </form>`;
}

/** @param {{ active: number | null, last: Activation | undefined }} props */
function Active({ active, last }) {
  if (!active) return html`<p>Nothing is deployed.</p>`;
  return html`<p>
    Version ${active} is
    active${
      last?.version === active &&
      html`; ${untrusted(last.by || "somebody")}${" "}
        ${last.kind === "DEPLOYED" ? "deployed it" : "rolled back to it"}${" "}
        <${Time} iso=${last.at} />`
    }.
  </p>`;
}

/** @typedef {"" | "before" | "active" | "files"} Shown what is shown of a version */

/** @param {{ version: Version } & PanelProps} props */
function VersionItem({ version, script, workspace }) {
  const [shown, setShown] = useState(/** @type {Shown} */ (""));
  const { number, message, authorName, createdAt } = version;
  const { slug, activeVersion } = script;
  const isActive = number === activeVersion;
  const toggle = (/** @type {Shown} */ what, /** @type {string} */ words) =>
    html`<button
      class="btn small"
      aria-expanded=${String(shown === what)}
      onClick=${() => setShown(shown === what ? "" : what)}
    >
      ${words}
    </button>`;
  return html`<li class="version" aria-label=${`Version ${number}`} data-active=${String(isActive)}>
    <p class="version-head">
      <b>Version ${number}</b>
      ${isActive && html`<span class="badge">active</span>`}
      ${workspace.baseVersion === number && html`<span class="badge">open here</span>`}
      <span class="quiet">${untrusted(authorName)}, <${Time} iso=${createdAt} /></span>
    </p>
    ${message && html`<p class="version-message">${untrustedLines(message)}</p>`}
    <p class="version-tools">
      ${toggle("before", "Changes")}
      ${activeVersion && !isActive && toggle("active", "Compare with active")}
      ${toggle("files", "Files")}
      ${
        script.viewerMayChange &&
        html`${
            !isActive &&
            html`<button
              class="btn small"
              onClick=${() => void deployFlow(workspace, wantedOf(number, activeVersion))}
            >
              ${wantedOf(number, activeVersion).isRollback ? "Roll back to it" : "Deploy it"}
            </button>`
          }
          <button class="btn small" onClick=${() => void bringBack(workspace, number)}>
            Bring its files back
          </button>`
      }
    </p>
    ${shown === "before" && html`<${DiffView} slug=${slug} from=${version.parent ?? 0} to=${number} />`}
    ${
      shown === "active" &&
      activeVersion &&
      html`<${DiffView} slug=${slug} from=${activeVersion} to=${number} />`
    }
    ${shown === "files" && html`<${FilesOf} slug=${slug} number=${number} />`}
  </li>`;
}

/** @param {number} version @param {number | null} active */
const wantedOf = (version, active) => ({
  version,
  isRollback: active !== null && version < active,
});

/** @param {{ slug: string, number: number }} props */
function FilesOf({ slug, number }) {
  const { data, error, reload } = useQuery(FILES, { slug, number }, { isContent: false });
  if (error) return html`<${Failure} error=${error} retry=${reload} />`;
  if (!data) return html`<p class="quiet" role="status">Loading the files …</p>`;
  return html`<div class="old-files">
    ${data.scriptVersion?.files.map(
      (file) =>
        html`<details key=${file.path}>
          <summary>
            <code>${untrusted(file.path)}</code> <span class="quiet">${size(file.size)}</span>
          </summary>
          ${
            file.text === null
              ? html`<p class="quiet">No text, or too large to show.</p>`
              : html`<pre tabindex="0" aria-label=${`${file.path} of version ${number}`}>
${file.text}</pre>`
          }
        </details>`,
    )}
  </div>`;
}

/** @param {{ activations: readonly Activation[] }} props */
function Activations({ activations }) {
  if (activations.length === 0) return null;
  return html`<h3>Deployments</h3>
    <ol class="activations" aria-label="Deployments">
      ${activations.map(
        ({ version, previousVersion, kind, at, by }) =>
          html`<li key=${at}>
            ${untrusted(by || "Somebody")}${" "}
            ${kind === "DEPLOYED" ? "deployed" : "rolled back to"} version ${version}
            ${previousVersion !== null && ` instead of ${previousVersion}`},${" "}
            <${Time} iso=${at} />
          </li>`,
      )}
    </ol>`;
}
