// @ts-check
/** The API tokens that act for the viewer, on the home page. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { gql } from "../lib/documents.js";
import { EndDate } from "../lib/end-date.js";
import { useQuery } from "../lib/load.js";
import { Ask, Failure, Time } from "../lib/parts.js";
import { oneLine, untrusted } from "../lib/untrusted-text.js";
import { revocation } from "./revoke-token.js";

const MINE = gql(`query MyTokens {
  viewer { user { id apiTokens { id name madeBy expiresAt lastUsedAt } } }
}`);

/** @typedef {import("../types/documents").MyTokensData} MyTokensData */
/** @typedef {NonNullable<MyTokensData["viewer"]>["user"]["apiTokens"][number]} ApiToken */

export function MyTokens() {
  const { data, error, reload } = useQuery(MINE, {});
  const [asked, setAsked] = useState(
    /** @type {import("../lib/parts.js").Question | null} */ (null),
  );
  const tokens = data?.viewer?.user.apiTokens ?? [];
  const failure = error && html`<${Failure} error=${error} retry=${reload} />`;
  if (tokens.length === 0) return failure;
  const revoke = (/** @type {ApiToken} */ token) => setAsked(revocation(token, reload));
  return html`<h2>Your API tokens</h2>
    ${failure}
    <ul class="sessions">
      ${tokens.map(
        (/** @type {ApiToken} */ token) =>
          html`<li key=${token.id}>
            <span>
              <b>${oneLine(token.name)}</b>
              <small>
                created by ${untrusted(token.madeBy ?? "unknown")} · last used${" "}
                <${Time} iso=${token.lastUsedAt} /> ·${" "}
                ${token.expiresAt ? "expires " : "never expires"}<${EndDate}
                  iso=${token.expiresAt}
                  none=""
                />
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
