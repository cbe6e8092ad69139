// @ts-check
/** An audit event as one sentence. */
import { html } from "htm/preact";
import { gql } from "../lib/documents.js";
import { EndDate } from "../lib/end-date.js";
import { count, size } from "../lib/format.js";
import { ROLE_NAMES } from "../lib/parts.js";
import { ROOT } from "../lib/router.js";
import { untrusted } from "../lib/untrusted-text.js";

export const SENTENCE = gql(`fragment SentenceFields on AuditEvent {
  id at action actorKind actorLabel targetLabel targetId reason before after
}`);

/** @typedef {import("../types/documents").SentenceFields} AuditEvent */
/**
 * One side of a change. Which values an event has depends on its action.
 * @typedef {{ [name: string]: unknown, expiresAt?: string | null, role?: string, sessions?: number,
 *   size_bytes?: number, ok?: boolean }} Side
 */

/** Returns both sides of a change. @param {Pick<AuditEvent, "before" | "after">} event */
export const sides = ({ before, after }) => ({
  before: /** @type {Side} */ (before ?? {}),
  after: /** @type {Side} */ (after ?? {}),
});

/**
 * What stands around the names: {who} acted, on {whom}; the rest are values of the event. What is
 * not here is said by the name of the action.
 * @type {Record<string, string>}
 */
const PHRASES = {
  ROLE_GRANTED: "{who} granted {role} to {whom}{until}",
  ROLE_REVOKED: "{who} revoked {role} from {whom}",
  ROLE_EXPIRED: "{role} of {whom} expired",
  USER_CREATED: "{whom} signed in for the first time",
  USER_INVITED: "{who} invited {whom}",
  USER_RENAMED: "{who} changed the name of {whom} from {before.name} to {after.name}",
  USER_SUSPENDED: "{who} suspended {whom}",
  USER_REINSTATED: "{who} reinstated {whom}",
  USER_DELETED: "{who} deleted {whom}",
  IDENTITY_LINKED: "{whom} was linked to an account at {after.provider}",
  IDENTITY_REMOVED: "{who} unlinked {whom} from {before.provider}",
  ADDRESS_VERIFIED: "{after.provider} verified the address of {whom}",
  SIGNED_IN: "{whom} signed in with {after.provider}",
  SIGN_IN_FAILED: "Sign-in with {whom} failed",
  SIGNED_OUT: "{whom} signed out",
  SIGN_IN_LINK_CREATED: "{who} created a sign-in link for {whom}",
  SESSION_REVOKED: "{who} ended a session of {whom}",
  SESSIONS_REVOKED: "{who} ended {sessions} of {whom}",
  TOKEN_CREATED: "{who} created the API token {after.name} for {whom}{until}",
  TOKEN_REVOKED: "{who} revoked the API token {before.name} of {whom}",
  TOKEN_USED_FROM_NEW_ADDRESS: "An API token of {whom} was used from {after.address}",
  ACCESS_REFUSED: "{who} was denied access to {whom}",
  SETTING_CHANGED: "The setting {whom} changed from {before.value} to {after.value}",
  MIGRATION_APPLIED: "{who} applied the migration {whom}",
  MIGRATION_ROLLED_BACK: "{who} rolled back the migration {whom}",
  VACUUM_RUN: "{who} started a vacuum of {whom}",
  ALERT_TEST_SENT: "{who} sent a test alert",
  SECRET_ROTATED: "{who} rotated the {whom}",
  MAINTENANCE_TASK_STARTED: "{who} started the task {whom}",
  MAINTENANCE_TASK_STOPPED: "{who} stopped the task {whom}",
  MAINTENANCE_ITEM_DONE: "{who} marked {whom} done",
  ACCESS_REVIEW_STARTED: "{who} started the access review {whom}",
  ACCESS_REVIEWED: "{who} submitted decisions in the access review {whom}",
  BACKUP_CREATED: "{who} created the backup {whom}{bytes}",
  BACKUP_VERIFIED: "{who} verified the backup {whom}{verdict}",
  BACKUP_DELETED: "{who} deleted the backup {whom}",
  BACKUP_DOWNLOADED: "{who} downloaded the backup {whom}",
  BACKUP_RESTORED: "{who} restored the backup {whom}",
  BACKUP_RESTORE_UNDONE: "{who} undid a restore: {whom}",
  DRILL_RUN: "{who} ran a restore drill of {whom}{verdict}",
  SCRIPT_CREATED: "{who} created the script {script}",
  SCRIPT_SAVED: "{who} saved version {version} of the script {script}",
  SCRIPT_DEPLOYED: "{who} deployed version {version} of the script {script}",
  SCRIPT_ROLLED_BACK: "{who} rolled the script {script} back to version {version}",
  SCRIPT_SUSPENDED: "{who} suspended the script {script}",
  SCRIPT_RESUMED: "{who} resumed the script {script}",
  SCRIPT_DELETED: "{who} deleted the script {script}",
  SCRIPT_RESTORED: "{who} restored the script {script}",
  SCRIPT_OWNER_ADDED: "{who} made {after.email} an owner of the script {script}",
  SCRIPT_OWNER_REMOVED: "{who} removed {before.email} from the owners of the script {script}",
  SCRIPT_ROLE_GRANTED: "{who} granted {after.email} the role {after.role} in the script {script}",
  SCRIPT_ROLE_REVOKED:
    "{who} revoked the role {before.role} of {before.email} in the script {script}",
  SCRIPT_FILES_CHANGED: "{who} changed files that the script {script} serves",
  SCRIPT_DATA_CHANGED: "{who} changed data of the script {script}",
  SCRIPT_LIMITS_CHANGED: "{who} changed the limits of the script {script}",
  SCRIPT_HOST_BOUND: "{who} changed the host or page mode of the script {script}",
  SCRIPT_TITLE_CHANGED: "{who} changed the title of the script {script}",
  SCRIPT_SCHEDULE_STARTED: "{who} ran the schedule {after.schedule} of the script {script}",
  SCRIPT_MESSAGES_RETRIED: "{who} retried {after.messages} messages to the script {script}",
  SCRIPT_MESSAGES_DISCARDED: "{who} discarded {after.messages} messages to the script {script}",
  MCP_TOOL_CALLED: "{who} called the tool {whom} by a program",
};
const ELSE = "{who}: {action} {whom}";
const PART = /\{([\w.]+)\}/;

/** @param {{ event: AuditEvent }} props */
export function Sentence({ event }) {
  const parts = (PHRASES[event.action] ?? ELSE).split(PART);
  return html`<span class="sentence">
    ${parts.map((part, index) => (index % 2 ? value(part, event) : part))}
    ${event.reason && html`<span class="why">${" — “"}${untrusted(event.reason)}${"”"}</span>`}
  </span>`;
}

/** "role granted" @param {string} action */
export const actionWords = (action) => action.toLowerCase().replaceAll("_", " ");

/** @param {string} name of a part @param {AuditEvent} event */
function value(name, event) {
  const known = PARTS[name];
  if (known) return known({ ...event, ...sides(event) });
  const [side, key] = name.split(".");
  const found = sides(event)[/** @type {"before" | "after"} */ (side)][key];
  return html`<b>${untrusted((Array.isArray(found) ? found.join(", ") : found) || "none")}</b>`;
}

/** @type {Record<string, (event: AuditEvent & { before: Side, after: Side }) => unknown>} */
const PARTS = {
  who: ({ actorLabel, actorKind }) =>
    html`<b>${untrusted(actorLabel)}</b
      >${actorKind === "TOKEN" && html` <span class="chip">token</span>`}`,
  whom: ({ targetId, targetLabel }) =>
    targetId
      ? html`<a href="${ROOT}/users/${targetId}">${untrusted(targetLabel)}</a>`
      : html`<b>${untrusted(targetLabel)}</b>`,
  script: ({ targetLabel }) => html`<b>${untrusted(targetLabel)}</b>`,
  version: ({ after }) => html`<b>${untrusted(after.version)}</b>`,
  role: ({ before, after }) => html`<b>${roleName(after.role ?? before.role)}</b>`,
  until: ({ before, after }) =>
    after.expiresAt
      ? html`${" until "}<${EndDate} iso=${after.expiresAt} />`
      : before.expiresAt && " with no end date",
  sessions: ({ before }) => count(before.sessions, "session"),
  bytes: ({ after }) => Boolean(after.size_bytes) && ` (${size(after.size_bytes)})`,
  verdict: ({ after }) => (after.ok === false ? ": failed" : ": succeeded"),
  action: ({ action }) => actionWords(action),
};

/** @param {unknown} role as the trail names it: "Editor" */
const roleName = (role) => {
  const known = /** @type {keyof typeof ROLE_NAMES} */ (String(role).toUpperCase());
  return ROLE_NAMES[known] ?? untrusted(role);
};
