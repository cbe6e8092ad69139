// @ts-check
/** The owners of a script. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { gql } from "../../lib/documents.js";
import { ask } from "../../lib/gql.js";
import { useQuery } from "../../lib/load.js";
import { Ask, Time } from "../../lib/parts.js";
import { oneLine, untrusted } from "../../lib/untrusted-text.js";
import { afterChange, dotted, Items, textOf } from "./parts.js";

/** @typedef {import("../../lib/parts.js").Question} Question */
/** @typedef {NonNullable<import("../../types/documents").ScriptOwnersData["script"]>["owners"][number]} Owner */

const OWNERS = gql(`query ScriptOwners($slug: String!) {
  script(slug: $slug) { owners { email name addedAt addedBy } }
}`);
const ADD = gql(`mutation AddScriptOwner($input: ScriptOwnerInput!) {
  addScriptOwner(input: $input) { owners { email } }
}`);
const REMOVE = gql(`mutation RemoveScriptOwner($input: ScriptOwnerInput!) {
  removeScriptOwner(input: $input) { owners { email } }
}`);

const LAST = "The last owner can't be removed. Add another owner first.";

/** @param {import("./parts.js").SettingProps} props */
export function Owners({ slug, mayChange, changed }) {
  const list = useQuery(OWNERS, { slug });
  const [asked, setAsked] = useState(/** @type {Question | null} */ (null));
  const owners = list.data?.script?.owners;
  const after = afterChange(changed, list.reload);
  const add = () =>
    setAsked({
      title: "Add an owner",
      text: html`Owners change, deploy and delete ${untrusted(slug)}. They must be editors or
      administrators.`,
      verb: "Add owner",
      fields: html`<label class="field">
        Email address
        <input name="email" type="email" required maxlength="320" autocomplete="off" />
      </label>`,
      run: (form) => {
        const email = textOf(form, "email");
        const text = html`${untrusted(email)} is now an owner.`;
        return after(ask(ADD, { input: { slug, email } }), text);
      },
    });
  const remove = (/** @type {Owner} */ { email }) =>
    setAsked({
      title: html`Remove the owner ${untrusted(email)}?`,
      text: html`${untrusted(email)} can still read ${untrusted(slug)}, but no longer change it.`,
      verb: "Remove owner",
      danger: true,
      run: () =>
        after(
          ask(REMOVE, { input: { slug, email } }),
          html`${untrusted(email)} is no longer an owner.`,
        ),
    });
  return html`<${Items}
      label="Owners"
      items=${owners}
      none="Nobody owns this script: only administrators can change it."
      query=${list}
    >
      ${(/** @type {Owner} */ one) =>
        html`<li key=${one.email}>
          <span class="about">
            <b>${oneLine(one.name || one.email)}</b>
            <small>
              ${dotted(
                one.name && untrusted(one.email),
                html`added <${Time} iso=${one.addedAt} /> by ${untrusted(one.addedBy)}`,
              )}
            </small>
          </span>
          ${
            mayChange &&
            html`<button
              class="btn small remove"
              aria-label=${`Remove ${one.email}`}
              disabled=${owners?.length === 1}
              title=${owners?.length === 1 ? LAST : null}
              onClick=${() => remove(one)}
            >
              Remove
            </button>`
          }
        </li>`}
    <//>
    ${owners?.length === 1 && mayChange && html`<p class="hint">${LAST}</p>`}
    ${mayChange && html`<p><button class="btn small" onClick=${add}>Add owner</button></p>`}
    <${Ask} question=${asked} done=${() => setAsked(null)} />`;
}
