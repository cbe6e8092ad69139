// @ts-check
/** Values that the script keeps by key: its own, and those of each of its users. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { gql } from "../../lib/documents.js";
import { count, size } from "../../lib/format.js";
import { ask } from "../../lib/gql.js";
import { useQuery } from "../../lib/load.js";
import { Ask, say, sayRefused, Time } from "../../lib/parts.js";
import { useQuestion } from "../../lib/question.js";
import { SearchField } from "../../lib/search-field.js";
import { oneLine, onOneLine, untrusted } from "../../lib/untrusted-text.js";
import { Items, Turner, usePages } from "../settings/parts.js";
import { ttlOf } from "./ttl.js";

/**
 * @typedef {import("../../lib/parts.js").Question} Question
 * @typedef {import("../../types/documents").ScriptValueListData["scriptValues"]["nodes"][number]}
 *   Summary
 * @typedef {NonNullable<import("../../types/documents").ScriptValueOneData["scriptValue"]>} Value
 */

const LIST = gql(`query ScriptValueList(
  $slug: String!, $userId: ID, $prefix: String, $after: String
) {
  scriptValues(slug: $slug, userId: $userId, prefix: $prefix, first: 50, after: $after) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes { key beginning isShortened size version expiresAt updatedAt }
  }
}`);
const ONE = gql(`query ScriptValueOne($slug: String!, $key: String!, $userId: ID) {
  scriptValue(slug: $slug, key: $key, userId: $userId) { key json version expiresAt }
}`);
const HOLDERS = gql(`query ScriptValueHolders($slug: String!) {
  scriptValueHolders(slug: $slug, first: 200) { totalCount nodes { userId email keys } }
}`);
const SET = gql(`mutation SetScriptValue($input: SetScriptValueInput!) {
  setScriptValue(input: $input) { value { key version } }
}`);
const DELETE = gql(`mutation DeleteScriptValue($input: DeleteScriptValueInput!) {
  deleteScriptValue(input: $input) { key }
}`);

/** @param {{ slug: string }} props */
export function Values({ slug }) {
  const [userId, setUserId] = useState(/** @type {string | null} */ (null));
  const [prefix, setPrefix] = useState("");
  const pages = usePages();
  const list = useQuery(LIST, { slug, userId, prefix, after: pages.after });
  const holders = useQuery(HOLDERS, { slug });
  const question = useQuestion();
  const page = list.data?.scriptValues;
  const reload = async () => {
    await Promise.all([list.reload(), holders.reload()]);
  };
  const place = { slug, userId, reload };
  const read = async (/** @type {string} */ key) => {
    const { scriptValue } = await ask(ONE, { slug, key, userId });
    if (scriptValue) return setting(place, scriptValue);
    say(html`The value of ${untrusted(key)} is gone.`);
    await reload();
    return null;
  };
  const edit = (/** @type {Summary} */ { key }) => question.askLater(read(key)).catch(sayRefused);
  const search = (/** @type {string} */ text) => {
    pages.first();
    setPrefix(text);
  };
  const choose = (/** @type {string} */ id) => {
    pages.first();
    setUserId(id || null);
  };
  return html`<div class="data-bar">
      <${Whose} holders=${holders.data?.scriptValueHolders} userId=${userId} choose=${choose} />
      <${SearchField}
        label="Keys that start with"
        placeholder="Keys that start with…"
        value=${prefix}
        change=${search}
      />
      <button class="btn small" onClick=${() => void reload()}>Refresh</button>
      <button class="btn small" onClick=${() => question.ask(setting(place, null))}>
        New value
      </button>
    </div>
    <${Items}
      label="Values"
      items=${page?.nodes}
      none=${prefix ? "No key starts with this." : "There are no values. Scripts set them with env.kv.set(key, value)."}
      query=${list}
    >
      ${(/** @type {Summary} */ one) =>
        html`<${ValueRow}
          key=${one.key}
          value=${one}
          edit=${() => edit(one)}
          remove=${() => question.ask(removal(place, one))}
        />`}
    <//>
    ${page && page.totalCount > 0 && html`<p class="hint">${count(page.totalCount, "value")}</p>`}
    <${Turner} of="values" pages=${pages} page=${page} isStale=${list.isStale} />
    <${Ask} question=${question.asked} done=${() => question.ask(null)} />`;
}

/**
 * Chooses whose values are shown; nothing while no user has any.
 * @param {{ holders: import("../../types/documents").ScriptValueHoldersData["scriptValueHolders"]
 *   | undefined, userId: string | null, choose: (id: string) => void }} props
 */
const Whose = ({ holders, userId, choose }) =>
  (holders?.nodes.length || userId) &&
  html`<label class="field">
    Whose values
    <select
      value=${userId ?? ""}
      onChange=${(/** @type {{ target: HTMLSelectElement }} */ { target }) => choose(target.value)}
    >
      <option value="">The script's own</option>
      ${holders?.nodes.map(
        (one) =>
          html`<option key=${one.userId} value=${one.userId}>
            ${`${onOneLine(one.email)} (${count(one.keys)})`}
          </option>`,
      )}
    </select>
    ${
      holders &&
      holders.totalCount > holders.nodes.length &&
      html`<small
        >${`${count(holders.nodes.length)} of ${count(holders.totalCount, "user")}`}</small
      >`
    }
  </label>`;

/** @param {{ value: Summary, edit: () => void, remove: () => void }} props */
const ValueRow = ({ value, edit, remove }) =>
  html`<li>
    <span class="about">
      <b>${oneLine(value.key)}</b>
      <code>${oneLine(value.beginning + (value.isShortened ? "…" : ""))}</code>
      <small
        >${`${size(value.size)}, written `}<${Time} iso=${value.updatedAt} />${
          value.expiresAt && html`, expires <${Time} iso=${value.expiresAt} />`
        }</small
      >
    </span>
    <span class="does">
      <button class="btn small" aria-label=${`Edit ${onOneLine(value.key)}`} onClick=${edit}>
        Edit
      </button>
      <button
        class="btn small remove"
        aria-label=${`Delete ${onOneLine(value.key)}`}
        onClick=${remove}
      >
        Delete
      </button>
    </span>
  </li>`;

/** @typedef {{ slug: string, userId: string | null, reload: () => Promise<void> }} Place */

/** @param {Place} place @param {Value | null} value null for a new one @returns {Question} */
const setting = ({ slug, userId, reload }, value) => ({
  title: value ? html`Value of ${untrusted(value.key)}` : "New value",
  text: "The script reads it at once. A change by somebody else in the meantime is not overwritten.",
  verb: "Save",
  fields: html`${
      !value &&
      html`<label class="field">
        Key <input name="key" required maxlength="500" autocomplete="off" spellcheck=${false} />
      </label>`
    }
    <label class="field">
      Value as JSON
      <textarea
        name="json"
        class="code-field"
        rows="10"
        required
        spellcheck=${false}
        defaultValue=${value?.json ?? ""}
      />
    </label>
    <label class="field">
      Seconds until it expires
      <small
        >${value ? "0 for never; empty to keep what it has" : "0 or empty for never"}${
          value?.expiresAt && html` (<${Time} iso=${value.expiresAt} />)`
        }</small
      >
      <input name="ttl" inputmode="numeric" autocomplete="off" />
    </label>`,
  run: async (form) => {
    const key = value?.key ?? String(form.get("key"));
    const json = String(form.get("json"));
    const ttlSeconds = ttlOf(String(form.get("ttl")));
    const input = { slug, userId, key, json, version: value?.version ?? 0, ttlSeconds };
    await ask(SET, { input });
    say(html`The value of ${untrusted(key)} is saved.`);
    await reload();
  },
});

/** @param {Place} place @param {Summary} value @returns {Question} */
const removal = ({ slug, userId, reload }, { key, version }) => ({
  title: html`Delete the value of ${untrusted(key)}?`,
  text: "The script finds no value there from now on. This can't be undone.",
  verb: "Delete",
  danger: true,
  run: async () => {
    await ask(DELETE, { input: { slug, userId, key, version } });
    say(html`The value of ${untrusted(key)} is deleted.`);
    await reload();
  },
});
