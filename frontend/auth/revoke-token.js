// @ts-check
/** The question before an API token is revoked, and the revocation. */
import { html } from "htm/preact";
import { gql } from "../lib/documents.js";
import { ask } from "../lib/gql.js";
import { say } from "../lib/parts.js";
import { untrusted } from "../lib/untrusted-text.js";

export const REVOKE_TOKEN = gql(`mutation RevokeApiToken($input: RevokeApiTokenInput!) {
  revokeApiToken(input: $input) { apiToken { id } }
}`);

/**
 * @param {{ id: string, name: string }} token
 * @param {() => void} done
 * @returns {import("../lib/parts.js").Question}
 */
export const revocation = (token, done) => ({
  title: html`Revoke ${untrusted(token.name)}?`,
  text: "Requests with this token are rejected from now on. Tokens that were created with it are revoked too.",
  verb: "Revoke",
  danger: true,
  run: async () => {
    await ask(REVOKE_TOKEN, { input: { tokenId: token.id } });
    say(html`${untrusted(token.name)} was revoked.`);
    done();
  },
});
