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
  text: "Scripts that use it are refused from now on, and so are the tokens it made.",
  verb: "Revoke",
  danger: true,
  run: async () => {
    await ask(REVOKE_TOKEN, { input: { tokenId: token.id } });
    say(html`${untrusted(token.name)} is revoked.`);
    done();
  },
});
