// @ts-check
/** Where the pages of a script are served, and how browsers treat them. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { gql } from "../../lib/documents.js";
import { ask } from "../../lib/gql.js";
import { useQuery } from "../../lib/load.js";
import { Ask, Failure } from "../../lib/parts.js";
import { untrusted } from "../../lib/untrusted-text.js";
import { afterChange, textOf } from "./parts.js";

/** @typedef {import("../../lib/parts.js").Question} Question */
/** @typedef {import("../../types/schema").ScriptPageMode} ScriptPageMode */

const HOSTING = gql(`query ScriptHosting($slug: String!) {
  script(slug: $slug) { host pageMode }
}`);
const BIND = gql(`mutation BindScriptHost($input: BindScriptHostInput!) {
  bindScriptHost(input: $input) { script { id } }
}`);
const SET_MODE = gql(`mutation SetScriptPageMode($input: SetScriptPageModeInput!) {
  setScriptPageMode(input: $input) { script { id } }
}`);

/** @type {Record<ScriptPageMode, string>} */
const MODES = {
  SANDBOXED: "Sandboxed: no cookies, no storage, no access to other pages",
  FULL: "Full: as any page of its host",
};

/** @param {import("./parts.js").SettingProps} props */
export function Hosting({ slug, isAdministrator, changed }) {
  const query = useQuery(HOSTING, { slug });
  const [asked, setAsked] = useState(/** @type {Question | null} */ (null));
  const script = query.data?.script;
  const after = afterChange(changed, query.reload);
  const bind = () =>
    setAsked({
      title: html`Host of ${untrusted(slug)}`,
      text: "Its routes answer on this host only. The host must lead to the engine, and no other script may have it with the same routes.",
      verb: "Save host",
      fields: html`<label class="field">
        Host <small>such as shop.example.org; leave empty for the engine's own</small>
        <input name="host" maxlength="253" autocomplete="off" defaultValue=${script?.host ?? ""} />
      </label>`,
      run: (form) => {
        const host = textOf(form, "host") || null;
        return after(ask(BIND, { input: { slug, host } }), "Host saved.");
      },
    });
  const change = () =>
    setAsked({
      title: html`Pages of ${untrusted(slug)}`,
      text: "Full pages can store data and use cookies of their host, so they need a host other than the engine's own.",
      verb: "Save page mode",
      fields: html`<fieldset>
        <legend>Page mode</legend>
        ${Object.entries(MODES).map(
          ([mode, words]) =>
            html`<label class="choice">
              <input
                type="radio"
                name="mode"
                value=${mode}
                defaultChecked=${script?.pageMode === mode}
              />
              ${words}
            </label>`,
        )}
      </fieldset>`,
      run: (form) => {
        const pageMode = /** @type {ScriptPageMode} */ (textOf(form, "mode"));
        return after(ask(SET_MODE, { input: { slug, pageMode } }), "Page mode saved.");
      },
    });
  return html`${query.error && html`<${Failure} error=${query.error} retry=${query.reload} />`}
    <dl>
      <dt>Host</dt>
      <dd>
        ${script && (script.host ? html`<code>${untrusted(script.host)}</code>` : "The engine's own")}
      </dd>
      <dt>Pages</dt>
      <dd>${script && MODES[script.pageMode]}</dd>
    </dl>
    ${
      isAdministrator
        ? html`<p class="does">
            <button class="btn small" disabled=${!script} onClick=${bind}>Change host</button>
            <button class="btn small" disabled=${!script} onClick=${change}>
              Change page mode
            </button>
          </p>`
        : html`<p class="hint">Only administrators change these.</p>`
    }
    <${Ask} question=${asked} done=${() => setAsked(null)} />`;
}
