// @ts-check
/** Suspending, resuming, deleting and restoring a script, and the question before. */
import { html } from "htm/preact";
import { gql } from "../../lib/documents.js";
import { ask } from "../../lib/gql.js";
import { say } from "../../lib/parts.js";
import { untrusted } from "../../lib/untrusted-text.js";
import { textOf } from "./parts.js";

/** @typedef {import("../../lib/parts.js").Question} Question */

const SUSPEND = gql(`mutation SuspendScript($input: SuspendScriptInput!) {
  suspendScript(input: $input) { script { id } }
}`);
const RESUME = gql(`mutation ResumeScript($input: ResumeScriptInput!) {
  resumeScript(input: $input) { script { id } }
}`);
const DELETE = gql(`mutation DeleteScript($input: DeleteScriptInput!) {
  deleteScript(input: $input) { script { id } }
}`);
const RESTORE = gql(`mutation RestoreScript($input: RestoreScriptInput!) {
  restoreScript(input: $input) { script { id } }
}`);

/** @param {string} slug @param {() => unknown} done @returns {Question} */
export const suspension = (slug, done) => ({
  title: html`Suspend ${untrusted(slug)}?`,
  text: "Its requests are answered with status 503, and its schedules and messages pause, until it is resumed. Nothing is deleted.",
  verb: "Suspend",
  danger: true,
  fields: html`<label class="field">
    Reason <small>optional; shown to its owners and recorded in the audit trail</small>
    <input name="reason" maxlength="500" />
  </label>`,
  run: async (form) => {
    await ask(SUSPEND, { input: { slug, reason: textOf(form, "reason") || null } });
    say(html`${untrusted(slug)} is suspended.`);
    await done();
  },
});

/** @param {string} slug @param {() => unknown} done @returns {Question} */
export const removal = (slug, done) => ({
  title: html`Delete ${untrusted(slug)}?`,
  text: "It stops answering immediately and frees its routes. It can be restored for 30 days, then its versions, tables, values and files are removed.",
  verb: "Delete",
  danger: true,
  word: slug,
  run: async () => {
    await ask(DELETE, { input: { slug } });
    say(html`${untrusted(slug)} is deleted.`);
    await done();
  },
});

/** Resumes a suspended script. @param {string} slug */
export async function resume(slug) {
  await ask(RESUME, { input: { slug } });
  say(html`${untrusted(slug)} is resumed.`);
}

/** Restores the deleted script that had this slug last. @param {string} slug */
export async function restore(slug) {
  await ask(RESTORE, { input: { slug } });
  say(html`${untrusted(slug)} is restored. Deploy a version to serve it again.`);
}
