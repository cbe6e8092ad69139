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
    title: "Invite people",
    text: `No mail is sent. Tell them to open ${location.origin} and to sign in with this address: the account is active from then on.`,
    verb: "Invite",
    fields: html`<label class="field">
        Email <small>several addresses: put commas between them</small>
        <input name="email" type="email" multiple required autocomplete="off" />
      </label>
      <label class="field">
        Name <small>optional; of one person</small>
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
          ? html`${untrusted(addresses[0])} is invited.`
          : `${count(addresses.length, "user is", "users are")} invited.`,
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
        refused.message += ` ${count(index, "address is", "addresses are")} invited already: ${addresses.slice(0, index).join(", ")}.`;
      throw refused;
    }
  }
}
