// @ts-check
/** One user in the list. */
import { html } from "htm/preact";
import { RoleBadge, Time } from "../lib/parts.js";
import { ROOT } from "../lib/router.js";
import { oneLine, onOneLine, untrusted } from "../lib/untrusted-text.js";
import { Avatar } from "./avatar.js";
import { obstacle, StatusBadge, UnverifiedBadge } from "./roles.js";

/** @typedef {import("../types/schema").Role} Role */
/** @typedef {import("../types/documents").UserFields} User */

/** @type {[Role, string][]} */
const BUTTONS = [
  ["EDITOR", "Editor"],
  ["ADMINISTRATOR", "Admin"],
];

/**
 * @param {{ user: User, search: string, isMe: boolean, flash: boolean,
 *   activeAdministrators: number | undefined, change: (user: User, role: Role) => void }} props
 */
export function UserRow({ user, search, isMe, flash, activeAdministrators, change }) {
  return html`<tr class=${flash ? "flash" : ""}>
    <td>
      <div class="who">
        <${Avatar} user=${user} />
        <span class="lines-of-who">
          <span class="name">
            <a href="${ROOT}/users/${user.id}"
              ><${Found} text=${user.name || user.email} search=${search}
            /></a>
            ${isMe && html`<span class="badge">You</span>`}
            <${StatusBadge} status=${user.status} />
            <${UnverifiedBadge} user=${user} />
          </span>
          <span class="email"><${Found} text=${user.email} search=${search} /></span>
        </span>
      </div>
    </td>
    <td>
      <div class="roles">${user.roles.map((role) => html`<${RoleBadge} role=${role} />`)}</div>
    </td>
    <td class="providers">
      <div class="roles">
        ${user.providers.map((name) => html`<span class="chip">${oneLine(name)}</span>`)}
      </div>
    </td>
    <td class="when" data-label="Created"><${Time} iso=${user.createdAt} /></td>
    <td>
      <div class="actions">
        ${BUTTONS.map(
          ([role, label]) =>
            html`<${RoleButton}
              user=${user}
              role=${role}
              label=${label}
              why=${obstacle(user, role, activeAdministrators)}
              change=${change}
            />`,
        )}
      </div>
    </td>
  </tr>`;
}

/**
 * @param {{ user: User, role: Role, label: string, why: string,
 *   change: (user: User, role: Role) => void }} props
 */
function RoleButton({ user, role, label, why, change }) {
  const has = user.roles.includes(role);
  const id = `why-${user.id}-${role}`;
  return html`<button
      class="btn small ${has ? "remove" : "add"}"
      aria-disabled=${why ? "true" : null}
      aria-describedby=${why ? id : null}
      title=${why || null}
      onClick=${() => !why && change(user, role)}
    >
      ${`${has ? "Remove" : "Add"} ${label}`}<span class="visually-hidden">
        ${has ? " from " : " to "}${untrusted(user.email)}</span
      >
    </button>
    ${why && html`<span class="visually-hidden" id=${id}>${why}</span>`}`;
}

/** The text with what was searched for marked. @param {{ text: string, search: string }} props */
function Found({ text: written, search }) {
  const text = onOneLine(written);
  const at = search ? text.toLowerCase().indexOf(search.toLowerCase()) : -1;
  if (at < 0) return oneLine(text);
  const end = at + search.length;
  return html`<bdi class="one-line" title=${text}
    >${text.slice(0, at)}<mark>${text.slice(at, end)}</mark>${text.slice(end)}</bdi
  >`;
}
