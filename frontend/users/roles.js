// @ts-check
/** Granting and revoking roles, and the question before. */
import { html } from "htm/preact";
import { gql } from "../lib/documents.js";
import { chosenEnd, EndField } from "../lib/end-date.js";
import { ask } from "../lib/gql.js";
import { ROLE_NAMES, say } from "../lib/parts.js";
import { untrusted } from "../lib/untrusted-text.js";

/** @typedef {import("../types/schema").Role} Role */
/** @typedef {import("../types/documents").UserFields} User */
/** @typedef {import("../lib/parts.js").Question} Question */

export const USER_FIELDS = gql(`fragment UserFields on User {
  id email emailVerified name status roles providers createdAt lastSignedInAt version
}`);
const GRANT = gql(
  `mutation GrantRole($input: GrantRoleInput!) {
    grantRole(input: $input) { changed user { ...UserFields } }
  }`,
  USER_FIELDS,
);
const REVOKE = gql(
  `mutation RevokeRole($input: RevokeRoleInput!) {
    revokeRole(input: $input) { changed user { ...UserFields } }
  }`,
  USER_FIELDS,
);

/**
 * Grants or revokes a role.
 * @param {User} user
 * @param {Role} role
 * @param {boolean} add
 * @param {{ reason?: string, expiresAt?: string, confirmUnverified?: boolean }} [more]
 * @returns {Promise<User>} the changed user
 */
export async function changeRole(user, role, add, more = {}) {
  const input = { userId: user.id, role, ...more };
  const { changed, user: now } = add
    ? (await ask(GRANT, { input })).grantRole
    : (await ask(REVOKE, { input })).revokeRole;
  const verb = add ? "is now" : "is no longer";
  say(changed ? html`${untrusted(user.email)} ${verb} ${ROLE_NAMES[role]}.` : "No change.");
  return now;
}

/**
 * Whether a sign-in provider did not verify the user's address. An invited user, or one of a sign-in
 * link, has no provider yet: only the owner of the address can sign in.
 * @param {User} user
 */
export const isUnverified = (user) => !user.emailVerified && user.providers.length > 0;

/** @param {{ user: User }} props */
export const UnverifiedBadge = ({ user }) =>
  isUnverified(user) &&
  html` <span
    class="badge bad"
    title="No sign-in provider has verified that this address belongs to this user."
    >Not verified</span
  >`;

/** @type {Record<User["status"], string>} */
const STATUS = { ACTIVE: "Active", INVITED: "Invited", SUSPENDED: "Suspended" };

/** Nothing for an active user. @param {{ status: User["status"] }} props */
export const StatusBadge = ({ status }) =>
  status !== "ACTIVE" && html`<span class="badge ${status.toLowerCase()}">${STATUS[status]}</span>`;

/**
 * The values of the form of `question`.
 * @param {FormData} form
 * @throws {Error} when the end is in the past
 */
export function answers(form) {
  const expiresAt = chosenEnd(form);
  return {
    reason: String(form.get("reason") ?? ""),
    ...(expiresAt && { expiresAt }),
    ...(form.get("confirmUnverified") && { confirmUnverified: true }),
  };
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
 * Whether a role can be granted at one click: an editor's is undone as quickly.
 * @param {User} user
 * @param {Role} role
 */
export const needsNoQuestion = (user, role) =>
  role === "EDITOR" &&
  !user.roles.includes(role) &&
  !isUnverified(user) &&
  user.status !== "SUSPENDED";

/**
 * The question before a role changes.
 * @param {User} user
 * @param {Role} role
 * @param {boolean} isMe
 * @returns {Omit<Question, "run">}
 */
export function question(user, role, isMe) {
  const has = user.roles.includes(role);
  const name = untrusted(user.name || user.email);
  const fields = html`<label class="field">
    Reason <small>optional; recorded in the audit trail</small>
    <input name="reason" maxlength="500" />
  </label>`;
  if (!has) {
    const isEditor = role === "EDITOR";
    const can = isEditor ? "to edit scripts" : "to manage everything, including roles";
    return {
      title: html`Make ${name} ${isEditor ? "an editor" : "an administrator"}?`,
      text: html`${untrusted(user.email)} will be able ${can}.`,
      verb: isEditor ? "Add editor" : "Add administrator",
      recent: !isEditor,
      fields: html`${user.status === "SUSPENDED" && html`<${Suspended} />`}
        ${isUnverified(user) && html`<${Confirmation} email=${user.email} />`}${fields}
        <${EndField} none="no end" />`,
    };
  }
  const mine = isMe && role === "ADMINISTRATOR" ? " You will lose access to this page." : "";
  return {
    title: html`Remove the role ${ROLE_NAMES[role]} from ${name}?`,
    text: html`${untrusted(user.email)} loses the role immediately, in every open session.${mine}`,
    verb: `Remove ${ROLE_NAMES[role].toLowerCase()}`,
    danger: true,
    recent: role === "ADMINISTRATOR" && !isMe,
    fields,
  };
}

const Suspended = () =>
  html`<p class="notice bad" role="note">
    This user is suspended and can't sign in. The role takes effect when the user is reinstated.
  </p>`;

/** @param {{ email: string }} props */
const Confirmation = ({ email }) =>
  html`<p class="notice bad" role="note">
      Not verified: no sign-in provider has verified that ${untrusted(email)} belongs to this user.
      It may belong to someone else. Confirm the person's identity first.
    </p>
    <label>
      <input type="checkbox" name="confirmUnverified" value="true" required /> I have confirmed who
      this is
    </label>`;
