// @ts-check
/** The API tokens that act for oneself, whoever made them, for everybody. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { ask } from "../lib/gql.js";
import { useQuery } from "../lib/load.js";
import { Ask, Failure, say, Time } from "../lib/parts.js";
import { untrusted } from "../lib/untrusted-text.js";

const MINE = `{
  viewer { user { id apiTokens { id name madeBy createdAt expiresAt lastUsedAt } } }
}`;
const REVOKE =
  "mutation ($input: RevokeApiTokenInput!) { revokeApiToken(input: $input) { apiToken { id } } }";

/** @typedef {import("../types/schema").ApiToken} ApiToken */

export function MyTokens() {
  const { data, error, reload } = useQuery(MINE, {});
  const [asked, setAsked] = useState(
    /** @type {import("../lib/parts.js").Question | null} */ (null),
  );
  const tokens = data?.viewer?.user.apiTokens ?? [];
  if (error) return html`<${Failure} error=${error} retry=${reload} />`;
  if (tokens.length === 0) return null;
  const revoke = (/** @type {ApiToken} */ token) =>
    setAsked({
      title: html`Revoke ${untrusted(token.name)}?`,
      text: "Scripts that use it are refused from now on, and so are the tokens it made.",
      verb: "Revoke",
      danger: true,
      run: async () => {
        await ask(REVOKE, { input: { tokenId: token.id } });
        say(html`${untrusted(token.name)} is revoked.`);
        reload();
      },
    });
  return html`<h2>API tokens that act for you</h2>
    <ul class="sessions">
      ${tokens.map(
        (/** @type {ApiToken} */ token) =>
          html`<li key=${token.id}>
            <span>
              <b>${untrusted(token.name)}</b>
              <small>
                made by ${untrusted(token.madeBy ?? "unknown")} · used${" "}
                <${Time} iso=${token.lastUsedAt} /> · expires${" "}
                <${Time} iso=${token.expiresAt} />
              </small>
            </span>
            <button
              class="btn small"
              aria-label="Revoke ${token.name}"
              onClick=${() => revoke(token)}
            >
              Revoke
            </button>
          </li>`,
      )}
    </ul>
    <${Ask} question=${asked} done=${() => setAsked(null)} />`;
}
