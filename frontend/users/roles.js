// @ts-check
/** Granting and revoking, and what is asked before. */
import { html } from "htm/preact";
import { ask } from "../lib/gql.js";
import { ROLE_NAMES, say } from "../lib/parts.js";
import { untrusted } from "../lib/untrusted-text.js";

/** @typedef {import("../types/schema").Role} Role */
/** @typedef {import("../types/schema").User} User */

export const USER_FIELDS = "id email name status roles providers createdAt lastSignedInAt version";

const GRANT = `mutation ($input: GrantRoleInput!) {
  grantRole(input: $input) { changed user { ${USER_FIELDS} } }
}`;
const REVOKE = `mutation ($input: RevokeRoleInput!) {
  revokeRole(input: $input) { changed user { ${USER_FIELDS} } }
}`;

/**
 * Gives or takes a role.
 * @param {User} user
 * @param {Role} role
 * @param {boolean} add
 * @param {{ reason?: string, expiresAt?: string }} [more]
 * @returns {Promise<User>} the user afterwards
 */
export async function changeRole(user, role, add, more = {}) {
  const input = { userId: user.id, role, ...more };
  const data = await ask(add ? GRANT : REVOKE, { input });
  const { changed, user: now } = data.grantRole ?? data.revokeRole;
  const verb = add ? "is now" : "is no longer";
  say(changed ? html`${untrusted(user.email)} ${verb} ${ROLE_NAMES[role]}.` : "Nothing to change.");
  return now;
}

/**
 * Why a role can't be changed now; empty when it can.
 * @param {User} user
 * @param {Role} role
 * @param {number | undefined} activeAdministrators
 */
export function obstacle(user, role, activeAdministrators) {
  const isLast =
    role === "ADMINISTRATOR" &&
    user.roles.includes(role) &&
    user.status === "ACTIVE" &&
    activeAdministrators === 1;
  return isLast ? "The last active administrator can't be removed." : "";
}

/**
 * What is asked before a role changes; null when nothing needs asking.
 * @param {User} user
 * @param {Role} role
 * @param {boolean} isMe
 */
export function question(user, role, isMe) {
  const has = user.roles.includes(role);
  if (!has && role === "EDITOR") return null;
  const name = untrusted(user.name || user.email);
  const fields = html`<label class="field">
    Reason <small>for the audit trail; may be left out</small>
    <input name="reason" maxlength="500" />
  </label>`;
  if (!has) {
    const text = html`${untrusted(user.email)} will be able to do everything, including granting
    roles.`;
    return {
      title: html`Make ${name} an administrator?`,
      text,
      verb: "Add administrator",
      recent: true,
      fields,
    };
  }
  const mine = isMe && role === "ADMINISTRATOR" ? " You will lose access to this page." : "";
  return {
    title: html`Take the role ${ROLE_NAMES[role]} from ${name}?`,
    text: html`${untrusted(user.email)} loses it at once, in every open session.${mine}`,
    verb: `Remove ${ROLE_NAMES[role].toLowerCase()}`,
    danger: true,
    recent: role === "ADMINISTRATOR" && !isMe,
    fields,
  };
}
