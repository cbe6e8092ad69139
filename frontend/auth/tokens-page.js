// @ts-check
/** The API tokens of the viewer. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { gql } from "../lib/documents.js";
import { chosenEnd, EndDate, EndField } from "../lib/end-date.js";
import { ask } from "../lib/gql.js";
import { Icon } from "../lib/icons.js";
import { useQuery } from "../lib/load.js";
import { Ask, Failure, Time, Top } from "../lib/parts.js";
import { Table } from "../lib/table.js";
import { oneLine } from "../lib/untrusted-text.js";
import { revocation } from "./revoke-token.js";

const TOKENS = gql(`query ApiTokens {
  apiTokens {
    id name prefix scopes madeBy parent { name } createdAt expiresAt lastUsedAt lastUsedAddress
  }
}`);
const CREATE = gql(`mutation CreateApiToken($input: CreateApiTokenInput!) {
  createApiToken(input: $input) { secret }
}`);

/** @typedef {import("../types/documents").ApiTokensData["apiTokens"][number]} ApiToken */
/** @typedef {import("../lib/parts.js").Question} Question */

const SCOPES = ["read", "users:write", "ops:write", "scripts:write", "scripts:call"];

export function TokensPage() {
  const { data, error, reload } = useQuery(TOKENS, {});
  const [asked, setAsked] = useState(/** @type {Question | null} */ (null));
  const [secret, setSecret] = useState("");
  const create = () =>
    setAsked({
      title: "Create an API token",
      text: "The token acts on your behalf and never has more access than your roles allow.",
      verb: "Create token",
      recent: true,
      fields: html`<label class="field">Name<input name="name" required maxlength="100" /></label>
        <fieldset>
          <legend>Scopes</legend>
          ${SCOPES.map(
            (scope) =>
              html`<label
                ><input
                  type="checkbox"
                  name="scope"
                  value=${scope}
                  defaultChecked=${scope === "read"}
                />
                ${scope}
              </label>`,
          )}
        </fieldset>
        <${EndField} none="the default lifetime" />`,
      run: async (/** @type {FormData} */ form) => {
        const input = {
          name: String(form.get("name")),
          scopes: form.getAll("scope").map(String),
          expiresAt: chosenEnd(form),
        };
        const made = await ask(CREATE, { input });
        setSecret(made.createApiToken.secret ?? "");
        reload();
      },
    });
  const revoke = (/** @type {ApiToken} */ token) => setAsked(revocation(token, reload));
  return html`<${Top} title="API tokens" text="Tokens that let scripts use the API.">
      <button class="btn glass" onClick=${create}><${Icon} name="plus" />New token</button>
    <//>
    ${error && html`<${Failure} error=${error} retry=${reload} />`}
    ${
      secret &&
      html`<div class="notice" role="status">
        <span>Copy the token now; it is not shown again: <code>${secret}</code></span>
        <button class="btn small" onClick=${() => navigator.clipboard.writeText(secret)}>
          Copy
        </button>
        <button class="btn small" onClick=${() => setSecret("")}>Done</button>
      </div>`
    }
    <section class="card" aria-label="Tokens">
      ${
        data?.apiTokens.length === 0
          ? html`<div class="empty">
              <b>No API tokens yet</b><span>Create a token to use the API from a script.</span>
            </div>`
          : html`<${Table}
              label="Tokens"
              heads=${["Name", "Scopes", "Created", "Expires", "Last used", "Actions"]}
              widths=${["", "8rem", "12rem", "9.5rem", "9rem", "7.5rem"]}
              rows=${data?.apiTokens}
              hasFailed=${Boolean(error)}
              row=${(/** @type {ApiToken} */ token) =>
                html`<tr key=${token.id}>
                  <td><b>${oneLine(token.name)}</b><code>${`${token.prefix}…`}</code></td>
                  <td data-label="Scopes">${token.scopes.join(" ")}</td>
                  <td data-label="Created">
                    <span class="when"><${Time} iso=${token.createdAt} /></span>
                    ${token.madeBy && html`<small class="by">by ${oneLine(token.madeBy)}</small>`}
                    ${token.parent && html`<small class="by">with ${oneLine(token.parent.name)}</small>`}
                  </td>
                  <td class="when" data-label="Expires">
                    <${EndDate} iso=${token.expiresAt} none="Never" />
                  </td>
                  <td data-label="Last used">
                    <span class="when"><${Time} iso=${token.lastUsedAt} /></span>
                    ${token.lastUsedAddress && html`<small class="by">${oneLine(token.lastUsedAddress)}</small>`}
                  </td>
                  <td>
                    <button class="btn small remove" onClick=${() => revoke(token)}>Revoke</button>
                  </td>
                </tr>`}
            />`
      }
    </section>
    <${Ask} question=${asked} done=${() => setAsked(null)} />`;
}
