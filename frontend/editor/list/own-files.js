// @ts-check
/** Files of one's own computer for a new script. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { count, size } from "../../lib/format.js";
import { untrusted } from "../../lib/untrusted-text.js";
import { toBase64 } from "../workspace/base64.js";
import { contentsOf } from "../workspace/uploads.js";
import { withPaths } from "./own-paths.js";

/** @typedef {import("../workspace/uploads.js").Upload} Upload */

/** The value of the choice. */
export const OWN_FILES = "own";
const MAIN = /^main\.(ts|tsx|js|jsx)$/;

/** The name of the folder that the files are in; empty for single files. @param {readonly File[]} files */
export const folderOf = ([first]) => first?.webkitRelativePath.split("/").slice(0, -1)[0] ?? "";

/** The files that somebody chose in the dialog. @param {FormData} form */
export const chosenFiles = (form) =>
  ["folder", "files"].flatMap((name) =>
    form.getAll(name).filter((one) => one instanceof File && one.name !== ""),
  );

/**
 * The files as the server takes them.
 * @param {readonly FormDataEntryValue[]} chosen @param {readonly Upload[]} dropped
 * @returns {Promise<Record<string, string | { base64: string }>>}
 * @throws {Error} for none, and for more than the server takes
 */
export async function filesToSend(chosen, dropped) {
  const found = [...withPaths(/** @type {File[]} */ (chosen)), ...dropped];
  if (found.length === 0) throw new Error("Choose or drop a folder or some files.");
  const contents = await contentsOf(found, "");
  return Object.fromEntries(
    contents.map(({ path, content }) => [
      path,
      typeof content === "string" ? content : { base64: toBase64(content) },
    ]),
  );
}

/**
 * @param {{ dropped: readonly Upload[], chosen: (files: readonly File[]) => void }} props
 *   chosen: called after each choice
 */
export function OwnFiles({ dropped, chosen }) {
  const [files, setFiles] = useState(/** @type {readonly File[]} */ ([]));
  const change = (/** @type {Event} */ event) => {
    const form = /** @type {HTMLInputElement} */ (event.target).form;
    const now = /** @type {File[]} */ (form ? chosenFiles(new FormData(form)) : []);
    setFiles(now);
    chosen(now);
  };
  return html`<label class="field">
      Folder
      <input type="file" name="folder" webkitdirectory onChange=${change} />
    </label>
    <label class="field">
      Files <small>instead of a folder, or more of them</small>
      <input type="file" name="files" multiple onChange=${change} />
    </label>
    ${files.length + dropped.length > 0 && html`<${Summary} files=${files} dropped=${dropped} />`}`;
}

/** @param {{ files: readonly File[], dropped: readonly Upload[] }} props */
function Summary({ files, dropped }) {
  const chosen = withPaths(files);
  const found = [...chosen, ...dropped];
  const bytes = found.reduce((sum, { file }) => sum + file.size, 0);
  const main = found.find(({ path }) => MAIN.test(path));
  const leftOut = files.length - chosen.length;
  const sentences = [
    `${count(found.length, "file")}, ${size(bytes)}.`,
    leftOut > 0 && `${count(leftOut)} left out.`,
    main ? `${main.path} is loaded.` : "A main.ts, main.tsx, main.js or main.jsx is missing.",
  ];
  return html`<p role="status">${untrusted(sentences.filter(Boolean).join(" "))}</p>`;
}
