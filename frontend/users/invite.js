// @ts-check
/** Inviting somebody by address. */
import { html } from "htm/preact";
import { ask } from "../lib/gql.js";
import { say } from "../lib/parts.js";
import { untrusted } from "../lib/untrusted-text.js";

const INVITE = `mutation ($input: InviteUserInput!) { inviteUser(input: $input) { user { id } } }`;

/** @param {() => void} done */
export function inviteQuestion(done) {
  return {
    title: "Invite somebody",
    text: "The person becomes active at the first sign-in with this address.",
    verb: "Invite",
    fields: html`<label class="field">
        Email
        <input name="email" type="email" required maxlength="320" autocomplete="off" />
      </label>
      <label class="field">
        Name <small>may be left out</small>
        <input name="name" maxlength="200" autocomplete="off" />
      </label>
      <label><input type="checkbox" name="role" value="EDITOR" /> Editor</label>`,
    run: async (/** @type {FormData} */ form) => {
      const input = {
        email: String(form.get("email")),
        name: String(form.get("name")),
        roles: form.getAll("role"),
      };
      await ask(INVITE, { input });
      say(html`${untrusted(input.email)} is invited.`);
      done();
    },
  };
}
