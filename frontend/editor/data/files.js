// @ts-check
/** Files that the script serves: those that it stored, and those of its active version. */
import { html } from "htm/preact";
import { useRef, useState } from "preact/hooks";
import { gql } from "../../lib/documents.js";
import { count, size } from "../../lib/format.js";
import { ask } from "../../lib/gql.js";
import { useQuery } from "../../lib/load.js";
import { Ask, say, sayRefused, Time } from "../../lib/parts.js";
import { useQuestion } from "../../lib/question.js";
import { SearchField } from "../../lib/search-field.js";
import { oneLine, onOneLine, untrusted } from "../../lib/untrusted-text.js";
import { Items, Turner, usePages } from "../settings/parts.js";
import { addressOf } from "./file-address.js";
import { remove, store } from "./stored-files.js";

/**
 * @typedef {import("../../lib/parts.js").Question} Question
 * @typedef {import("../../types/documents").ScriptFileListData["scriptAssets"]["nodes"][number]}
 *   Stored
 */

const LIST = gql(`query ScriptFileList(
  $slug: String!, $prefix: String, $onlyStored: Boolean, $after: String
) {
  scriptAssets(
    slug: $slug, prefix: $prefix, onlyStored: $onlyStored, first: 50, after: $after
  ) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes { path size hash type isStored updatedAt }
  }
}`);

// By path: a file is before those whose paths it begins.
const ONE = gql(`query ScriptFileOne($slug: String!, $path: String!) {
  scriptAssets(slug: $slug, prefix: $path, first: 1) { nodes { path hash } }
}`);

/** @param {{ slug: string, activeVersion: number | null }} props */
export function Files({ slug, activeVersion }) {
  const [prefix, setPrefix] = useState("");
  const [onlyStored, setOnlyStored] = useState(true);
  const pages = usePages();
  const list = useQuery(LIST, { slug, prefix, onlyStored, after: pages.after });
  const question = useQuestion();
  const [busy, setBusy] = useState("");
  const chooser = useRef(/** @type {HTMLInputElement | null} */ (null));
  const page = list.data?.scriptAssets;
  const upload = async (/** @type {HTMLInputElement} */ { files }) => {
    for (const file of files ?? []) {
      setBusy(file.name);
      try {
        const path = `${folderOf(prefix)}${file.name}`;
        const base = await hashOf(slug, path);
        if (base !== null)
          await question.askInTurn(replacement(slug, path, file, base, list.reload));
        else {
          await store(slug, path, file, null);
          say(html`${untrusted(path)} is stored.`);
        }
      } catch (refused) {
        sayRefused(refused);
      }
    }
    setBusy("");
    if (chooser.current) chooser.current.value = "";
    await list.reload();
  };
  const first = (/** @type {() => void} */ change) => {
    pages.first();
    change();
  };
  return html`<div class="data-bar">
      <${SearchField}
        label="Paths that start with"
        placeholder="Paths that start with…"
        value=${prefix}
        change=${(/** @type {string} */ text) => first(() => setPrefix(text))}
      />
      <label class="tick">
        <input
          type="checkbox"
          checked=${!onlyStored}
          onChange=${() => first(() => setOnlyStored(!onlyStored))}
        />
        ${activeVersion ? `Files of version ${activeVersion} too` : "Files of the version too"}
      </label>
      <button class="btn small" onClick=${() => void list.reload()}>Refresh</button>
      <button class="btn small" disabled=${busy !== ""} onClick=${() => chooser.current?.click()}>
        Upload
      </button>
      <input
        ref=${chooser}
        type="file"
        multiple
        hidden
        aria-label="Files to upload"
        onChange=${(/** @type {{ target: HTMLInputElement }} */ { target }) => void upload(target)}
      />
    </div>
    ${busy && html`<p class="hint" role="status">Storing ${untrusted(busy)} …</p>`}
    <${Items}
      label="Files"
      items=${page?.nodes}
      none=${
        prefix
          ? "No path starts with this."
          : "Nothing is stored. Scripts store files with env.files, and you can upload some. A stored file is served in place of the version's."
      }
      query=${list}
    >
      ${(/** @type {Stored} */ one) =>
        html`<${FileRow}
          key=${one.path}
          slug=${slug}
          file=${one}
          remove=${() => question.ask(removal(slug, one, list.reload))}
        />`}
    <//>
    ${page && page.totalCount > 0 && html`<p class="hint">${count(page.totalCount, "file")}</p>`}
    <${Turner} of="files" pages=${pages} page=${page} isStale=${list.isStale} />
    <${Ask} question=${question.asked} done=${() => question.ask(null)} />`;
}

/** @param {{ slug: string, file: Stored, remove: () => void }} props */
const FileRow = ({ slug, file, remove: askFirst }) =>
  html`<li>
    <span class="about">
      <b>${oneLine(file.path)}</b>
      <small
        >${`${size(file.size)}, ${onOneLine(file.type)}, `}<${Time} iso=${file.updatedAt} />${
          file.isStored ? "" : ", of the version"
        }</small
      >
    </span>
    <span class="does">
      <a
        class="btn small"
        href=${addressOf(slug, file.path)}
        download
        aria-label=${`Download ${onOneLine(file.path)}`}
        >Download</a
      >
      ${
        file.isStored &&
        html`<button
          class="btn small remove"
          aria-label=${`Delete ${onOneLine(file.path)}`}
          onClick=${askFirst}
        >
          Delete
        </button>`
      }
    </span>
  </li>`;

/** The folder of a prefix, where uploads go. @param {string} prefix */
const folderOf = (prefix) => prefix.slice(0, prefix.lastIndexOf("/") + 1);

/** The hash of the file that is served at a path; null for none. @param {string} slug @param {string} path */
async function hashOf(slug, path) {
  const { scriptAssets } = await ask(ONE, { slug, path });
  const [found] = scriptAssets.nodes;
  return found?.path === path ? found.hash : null;
}

/**
 * @param {string} slug @param {string} path @param {File} file
 * @param {string} base hash of the file that it replaces @param {() => Promise<void>} reload
 * @returns {Question}
 */
const replacement = (slug, path, file, base, reload) => ({
  title: html`Replace ${untrusted(path)}?`,
  text: "There is a file with this path. Visitors get the new one at once.",
  verb: "Replace",
  run: async () => {
    await store(slug, path, file, base);
    say(html`${untrusted(path)} is stored.`);
    await reload();
  },
});

/** @param {string} slug @param {Stored} file @param {() => Promise<void>} reload @returns {Question} */
const removal = (slug, { path, hash }, reload) => ({
  title: html`Delete ${untrusted(path)}?`,
  text: "If the active version has a file with this path, it is served again. This can't be undone.",
  verb: "Delete",
  danger: true,
  run: async () => {
    await remove(slug, path, hash);
    say(html`${untrusted(path)} is deleted.`);
    await reload();
  },
});
