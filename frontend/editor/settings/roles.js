// @ts-check
/** The roles that users have in a script: what it calls editors, members or customers. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { gql } from "../../lib/documents.js";
import { ask } from "../../lib/gql.js";
import { useQuery } from "../../lib/load.js";
import { Ask, Time } from "../../lib/parts.js";
import { oneLine, untrusted } from "../../lib/untrusted-text.js";
import { afterChange, dotted, Items, textOf, Turner, usePages } from "./parts.js";

/** @typedef {import("../../lib/parts.js").Question} Question */
/** @typedef {import("../../types/documents").ScriptUserRolesData["scriptUserRoles"]["nodes"][number]} UserRole */

const ROLES = gql(`query ScriptUserRoles($slug: String!, $after: String) {
  scriptUserRoles(slug: $slug, first: 20, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes { email name role grantedAt grantedBy }
  }
}`);
const GRANT = gql(`mutation GrantScriptRole($input: ScriptRoleInput!) {
  grantScriptRole(input: $input) { changed }
}`);
const REVOKE = gql(`mutation RevokeScriptRole($input: ScriptRoleInput!) {
  revokeScriptRole(input: $input) { changed }
}`);

/** @param {import("./parts.js").SettingProps} props */
export function UserRoles({ slug, changed }) {
  const pages = usePages();
  const list = useQuery(ROLES, { slug, after: pages.after });
  const [asked, setAsked] = useState(/** @type {Question | null} */ (null));
  const page = list.data?.scriptUserRoles;
  const after = afterChange(changed, list.reload);
  const grant = () =>
    setAsked({
      title: "Grant a role in this script",
      text: "The script decides what its roles allow. They give no access to the engine.",
      verb: "Grant role",
      fields: html`<label class="field">
          Email address
          <input name="email" type="email" required maxlength="320" autocomplete="off" />
        </label>
        <label class="field">
          Role
          <small>as the script calls it, such as member</small>
          <input name="role" required maxlength="64" autocomplete="off" />
        </label>`,
      run: (form) => {
        const [email, role] = [textOf(form, "email"), textOf(form, "role")];
        return after(
          ask(GRANT, { input: { slug, email, role } }),
          html`${untrusted(email)} has the role ${untrusted(role)}.`,
        );
      },
    });
  const revoke = (/** @type {UserRole} */ { email, role }) =>
    setAsked({
      title: html`Revoke ${untrusted(role)} from ${untrusted(email)}?`,
      text: "The script sees the change at the next request.",
      verb: "Revoke role",
      danger: true,
      run: () =>
        after(
          ask(REVOKE, { input: { slug, email, role } }),
          html`${untrusted(email)} no longer has the role ${untrusted(role)}.`,
        ),
    });
  return html`<${Items}
      label="Roles of users"
      items=${page?.nodes}
      none="No user has a role in this script."
      query=${list}
    >
      ${(/** @type {UserRole} */ one) =>
        html`<li key=${`${one.email} ${one.role}`}>
          <span class="about">
            <b>${oneLine(one.name || one.email)}</b>
            <small>
              ${dotted(
                one.name && untrusted(one.email),
                html`since <${Time} iso=${one.grantedAt} /> by ${untrusted(one.grantedBy)}`,
              )}
            </small>
          </span>
          <span class="chip">${untrusted(one.role)}</span>
          <button
            class="btn small remove"
            aria-label=${`Revoke ${one.role} from ${one.email}`}
            onClick=${() => revoke(one)}
          >
            Revoke
          </button>
        </li>`}
    <//>
    <${Turner} of="roles" pages=${pages} page=${page} isStale=${list.isStale} />
    <p><button class="btn small" onClick=${grant}>Grant role</button></p>
    <${Ask} question=${asked} done=${() => setAsked(null)} />`;
}
