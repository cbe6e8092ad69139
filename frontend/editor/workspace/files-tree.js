// @ts-check
/** The files of the script: their tree, and what can be done with them. */
import { html } from "htm/preact";
import { useRef, useState } from "preact/hooks";
import { count } from "../../lib/format.js";
import { Icon } from "../../lib/icons.js";
import { Ask, say, sayRefused } from "../../lib/parts.js";
import { PathForm } from "./path-form.js";
import { filesOf, folderOf, nameOf, rowsOf } from "./tree-model.js";
import { TreeRows } from "./tree-rows.js";
import { contentsOf, dropped } from "./uploads.js";

/**
 * @typedef {import("./files.js").Workspace} Workspace
 * @typedef {import("./tree-model.js").Row} Row
 * @typedef {import("./uploads.js").Upload} Upload
 * @typedef {import("./uploads.js").Content} Content
 * @typedef {import("../../lib/parts.js").Question} Question
 */

/** @param {{ workspace: Workspace }} props */
export function FilesTree({ workspace }) {
  const [closed, setClosed] = useState(/** @type {ReadonlySet<string>} */ (new Set()));
  const [chosen, setChosen] = useState("");
  const [form, setForm] = useState(/** @type {"" | "new" | "rename"} */ (""));
  const [question, setQuestion] = useState(/** @type {Question | null} */ (null));
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const paths = workspace.paths();
  const rows = rowsOf(paths, closed);
  const row = rows.find(({ path }) => path === chosen) ?? null;
  const folder = row?.isFolder ? `${row.path}/` : folderOf(row?.path ?? "");

  const toggle = (/** @type {string} */ path) => {
    const next = new Set(closed);
    if (!next.delete(path)) next.add(path);
    setClosed(next);
  };
  const move = (/** @type {Row} */ from, /** @type {string} */ to) => {
    moveFiles(workspace, from, to);
    setChosen(to);
  };
  const drop = async (/** @type {DragEvent} */ event, /** @type {string} */ into) => {
    const given = event.dataTransfer;
    const path = given?.getData(DRAGGED);
    const from = rows.find((one) => one.path === path);
    try {
      if (from && folderOf(from.path) !== into) move(from, into + nameOf(from.path));
      else if (given && !path) upload(await contentsOf(await dropped(given), into));
    } catch (refused) {
      sayRefused(refused);
    }
  };
  const chooseFiles = async () => {
    const files = [...(input.current?.files ?? [])];
    const uploads = files.map((file) => ({ path: file.name, file }));
    if (input.current) input.current.value = "";
    await contentsOf(uploads, folder).then(upload, sayRefused);
  };
  const upload = (/** @type {Content[]} */ contents) => {
    const taken = contents.filter(({ path }) => workspace.has(path));
    const put = async () => putFiles(workspace, contents);
    if (taken.length === 0) void put();
    else setQuestion(replaceQuestion(taken, put));
  };
  const remove = (/** @type {Row} */ given) => setQuestion(removeQuestion(workspace, given));
  const { canChange } = workspace;
  return html`<div class="files-head">
      <h2>Files</h2>
      ${
        canChange &&
        html`<div class="files-tools">
          <${Tool} icon="plus" label="New file" run=${() => setForm("new")} />
          <${Tool} icon="up" label="Upload" run=${() => input.current?.click()} />
          ${
            row &&
            html`<${Tool} icon="pen" label=${`Rename ${row.path}`} run=${() => setForm("rename")} />
              <${Tool} icon="bin" label=${`Delete ${row.path}`} run=${() => remove(row)} />`
          }
          <input ref=${input} type="file" multiple hidden onChange=${chooseFiles} />
        </div>`
      }
    </div>
    ${
      form === "new" &&
      html`<${PathForm}
        label="Path of the new file"
        verb="Create"
        start=${folder}
        run=${(/** @type {string} */ path) => createFile(workspace, path, setChosen)}
        close=${() => setForm("")}
      />`
    }
    ${
      form === "rename" &&
      row &&
      html`<${PathForm}
        label=${row.isFolder ? "New path of the folder" : "New path of the file"}
        verb="Rename"
        start=${row.path}
        run=${(/** @type {string} */ path) => move(row, path)}
        close=${() => setForm("")}
      />`
    }
    <${TreeRows}
      workspace=${workspace}
      rows=${rows}
      chosen=${row?.path ?? ""}
      choose=${setChosen}
      toggle=${toggle}
      rename=${() => setForm("rename")}
      remove=${remove}
      drop=${drop}
    />
    ${paths.length === 0 && html`<p class="panel-empty">${EMPTY[String(canChange)]}</p>`}
    <${Ask} question=${question} done=${() => setQuestion(null)} />`;
}

/** Type of the data of a row that is dragged: its path. */
export const DRAGGED = "application/x-script-path";

/** @type {Record<string, string>} */
const EMPTY = {
  true: "There are no files yet. Create main.ts, or drop files here.",
  false: "There are no files yet.",
};

/**
 * @param {{ icon: import("../../lib/icons.js").IconName, label: string, run: () => void }} props
 */
const Tool = ({ icon, label, run }) =>
  html`<button class="btn small square" aria-label=${label} title=${label} onClick=${run}>
    <${Icon} name=${icon} />
  </button>`;

/** @param {Workspace} workspace @param {string} path @param {(path: string) => void} choose */
function createFile(workspace, path, choose) {
  workspace.create(path, "");
  choose(path);
  workspace.open(path);
}

/**
 * Moves a file, or all files of a folder.
 * @param {Workspace} workspace @param {Row} row @param {string} to
 * @throws {Error} for a path that is taken or not allowed; nothing has moved then
 */
function moveFiles(workspace, row, to) {
  const end = to.replace(/\/+$/, "");
  const files = filesOf(workspace.paths(), row);
  workspace.renameAll(files.map((path) => [path, end + path.slice(row.path.length)]));
}

/** @param {Workspace} workspace @param {readonly Content[]} contents */
function putFiles(workspace, contents) {
  for (const { path, content } of contents) {
    if (workspace.has(path)) workspace.remove(path);
    workspace.create(path, content);
  }
  if (contents.length === 1) workspace.open(contents[0].path);
  say(
    `Uploaded ${count(contents.length, "file")}. Save to keep ${contents.length > 1 ? "them" : "it"}.`,
  );
}

/** @param {readonly Content[]} taken @param {() => Promise<void>} run @returns {Question} */
const replaceQuestion = (taken, run) => ({
  title: `Replace ${taken.length > 1 ? count(taken.length, "file") : taken[0].path}?`,
  text: "There are files with these paths. Versions that are saved keep them.",
  verb: "Replace",
  run,
});

/** @param {Workspace} workspace @param {Row} row @returns {Question} */
function removeQuestion(workspace, row) {
  const files = filesOf(workspace.paths(), row);
  return {
    title: `Delete ${row.path}?`,
    text: row.isFolder
      ? `It contains ${count(files.length, "file")}. Versions that are saved keep them.`
      : "Versions that are saved keep it.",
    verb: "Delete",
    danger: true,
    run: async () => files.forEach((path) => workspace.remove(path)),
  };
}
