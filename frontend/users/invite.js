// @ts-check
/** Inviting users by address. */
import { html } from "htm/preact";
import { gql } from "../lib/documents.js";
import { count } from "../lib/format.js";
import { ask } from "../lib/gql.js";
import { say } from "../lib/parts.js";
import { untrusted } from "../lib/untrusted-text.js";

const INVITE = gql(`mutation InviteUser($input: InviteUserInput!) {
  inviteUser(input: $input) { user { id } }
}`);

/** @typedef {import("../types/schema").Role} Role */

/** @param {() => void} done @returns {import("../lib/parts.js").Question} */
export function inviteQuestion(done) {
  return {
    title: "Invite users",
    text: `No email is sent. Ask the user to open ${location.origin} and sign in with this email address. The account becomes active at the first sign-in.`,
    verb: "Invite",
    fields: html`<label class="field">
        Email <small>separate multiple addresses with commas</small>
        <input name="email" type="email" multiple required autocomplete="off" />
      </label>
      <label class="field">
        Name <small>optional; for one user only</small>
        <input name="name" maxlength="200" autocomplete="off" />
      </label>
      <label><input type="checkbox" name="role" value="EDITOR" /> Editor</label>`,
    run: async (/** @type {FormData} */ form) => {
      const addresses = String(form.get("email"))
        .split(",")
        .map((address) => address.trim())
        .filter(Boolean);
      const name = addresses.length === 1 ? String(form.get("name")) : "";
      await invite(addresses, name, /** @type {Role[]} */ (form.getAll("role")));
      say(
        addresses.length === 1
          ? html`${untrusted(addresses[0])} was invited.`
          : `${count(addresses.length, "user was", "users were")} invited.`,
      );
      done();
    },
  };
}

/**
 * Invite one after the other; those before a refusal stay invited.
 * @param {string[]} addresses
 * @param {string} name
 * @param {Role[]} roles
 */
async function invite(addresses, name, roles) {
  for (const [index, email] of addresses.entries()) {
    try {
      await ask(INVITE, { input: { email, name, roles } });
    } catch (refused) {
      if (index > 0 && refused instanceof Error)
        refused.message += ` Already invited: ${addresses.slice(0, index).join(", ")}.`;
      throw refused;
    }
  }
}
