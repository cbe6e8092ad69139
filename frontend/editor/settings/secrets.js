// @ts-check
/** The secrets of a script. Their values can be set, but not read. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { gql } from "../../lib/documents.js";
import { ask } from "../../lib/gql.js";
import { useQuery } from "../../lib/load.js";
import { Ask, Time } from "../../lib/parts.js";
import { oneLine, untrusted } from "../../lib/untrusted-text.js";
import { afterChange, Items, textOf, wordsOf } from "./parts.js";

/** @typedef {import("../../lib/parts.js").Question} Question */
/** @typedef {NonNullable<NonNullable<import("../../types/documents").ScriptSecretsData["script"]>["secrets"]>[number]} Secret */

const SECRETS = gql(`query ScriptSecrets($slug: String!) {
  script(slug: $slug) { secrets { name hosts setAt setBy } }
}`);
const SET = gql(`mutation SetScriptSecret($input: SetScriptSecretInput!) {
  setScriptSecret(input: $input) { secret { name } }
}`);
const REMOVE = gql(`mutation RemoveScriptSecret($input: RemoveScriptSecretInput!) {
  removeScriptSecret(input: $input) { secrets { name } }
}`);

/** The server's limit, in bytes; characters may be more than one. */
const LONGEST_VALUE = 16_384;

/** @param {import("./parts.js").SettingProps} props */
export function Secrets({ slug, changed }) {
  const list = useQuery(SECRETS, { slug });
  const [asked, setAsked] = useState(/** @type {Question | null} */ (null));
  const after = afterChange(changed, list.reload);
  const set = (/** @type {Secret | null} */ known) =>
    setAsked({
      title: known ? html`Replace ${untrusted(known.name)}` : "Add a secret",
      text: "The value can't be read back, neither here nor by the script. The engine puts it into requests to the hosts below.",
      verb: known ? "Replace secret" : "Add secret",
      fields: html`<label class="field">
          Name <small>letters, digits and _, such as API_KEY</small>
          <input
            name="name"
            required
            maxlength="64"
            pattern="[A-Za-z][A-Za-z0-9_]*"
            title="Letters, digits and _, beginning with a letter"
            autocomplete="off"
            spellcheck=${false}
            defaultValue=${known?.name ?? ""}
            readonly=${Boolean(known)}
          />
        </label>
        <label class="field">
          Value
          <textarea
            name="value"
            required
            rows="3"
            maxlength=${LONGEST_VALUE}
            autocomplete="off"
            spellcheck=${false}
          ></textarea>
        </label>
        <label class="field">
          Hosts
          <small
            >such as api.example.org or *.example.org; none if it only verifies signatures</small
          >
          <input name="hosts" autocomplete="off" defaultValue=${known?.hosts.join(" ") ?? ""} />
        </label>`,
      run: (form) => {
        const name = textOf(form, "name");
        // Spaces of a value may matter.
        const value = String(form.get("value") ?? "");
        return after(
          ask(SET, { input: { slug, name, value, hosts: wordsOf(form, "hosts") } }),
          html`${untrusted(name)} is set.`,
        );
      },
    });
  const remove = (/** @type {Secret} */ { name }) =>
    setAsked({
      title: html`Remove ${untrusted(name)}?`,
      text: "Requests of the script that need it fail from now on.",
      verb: "Remove secret",
      danger: true,
      run: () =>
        after(ask(REMOVE, { input: { slug, name } }), html`${untrusted(name)} is removed.`),
    });
  return html`<${Items}
      label="Secrets"
      items=${list.data ? (list.data.script?.secrets ?? []) : undefined}
      none="No secrets yet. Add one for a key that a request needs."
      query=${list}
    >
      ${(/** @type {Secret} */ one) =>
        html`<li key=${one.name}>
          <span class="about">
            <code>${oneLine(one.name)}</code>
            <small
              >${one.hosts.length > 0 ? untrusted(one.hosts.join(", ")) : "only verifies signatures"}</small
            >
            <small>set <${Time} iso=${one.setAt} /> by ${untrusted(one.setBy)}</small>
          </span>
          <span class="does">
            <button class="btn small" aria-label=${`Replace ${one.name}`} onClick=${() => set(one)}>
              Replace
            </button>
            <button
              class="btn small remove"
              aria-label=${`Remove ${one.name}`}
              onClick=${() => remove(one)}
            >
              Remove
            </button>
          </span>
        </li>`}
    <//>
    <p><button class="btn small" onClick=${() => set(null)}>Add secret</button></p>
    <${Ask} question=${asked} done=${() => setAsked(null)} />`;
}
