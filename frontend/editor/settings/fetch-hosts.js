// @ts-check
/** The hosts that a script may send requests to. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { gql } from "../../lib/documents.js";
import { ask } from "../../lib/gql.js";
import { useQuery } from "../../lib/load.js";
import { Ask, Failure, say } from "../../lib/parts.js";
import { oneLine } from "../../lib/untrusted-text.js";
import { textOf, wordsOf } from "./parts.js";

/** @typedef {import("../../lib/parts.js").Question} Question */

const HOSTS = gql(`query ScriptFetchHosts($slug: String!) {
  script(slug: $slug) { fetchHosts }
}`);
const SET = gql(`mutation SetScriptFetchHosts($input: SetScriptFetchHostsInput!) {
  setScriptFetchHosts(input: $input) { hosts }
}`);

/** @param {import("./parts.js").SettingProps} props */
export function FetchHosts({ slug, changed }) {
  const query = useQuery(HOSTS, { slug });
  const [asked, setAsked] = useState(/** @type {Question | null} */ (null));
  const script = query.data?.script;
  const hosts = script?.fetchHosts;
  const change = () =>
    setAsked({
      title: "Outgoing hosts",
      text: "Requests to other hosts are refused. Private addresses are refused always.",
      verb: "Save hosts",
      fields: html`<fieldset>
          <legend>Requests may go to</legend>
          <label class="choice">
            <input type="radio" name="which" value="all" defaultChecked=${!hosts} /> every public
            host
          </label>
          <label class="choice">
            <input type="radio" name="which" value="some" defaultChecked=${Boolean(hosts)} /> only
            these hosts
          </label>
        </fieldset>
        <label class="field">
          Hosts
          <small>one a line, such as api.example.org or *.example.org; none for no requests</small>
          <textarea
            name="hosts"
            rows="4"
            spellcheck=${false}
            defaultValue=${hosts?.join("\n") ?? ""}
          ></textarea>
        </label>`,
      run: async (form) => {
        const only = wordsOf(form, "hosts");
        // Hosts that would be forgotten are a slip.
        if (textOf(form, "which") === "all" && only.length > 0)
          throw new Error("Choose “only these hosts”, or clear the list of hosts.");
        await ask(SET, {
          input: { slug, hosts: textOf(form, "which") === "all" ? null : only },
        });
        say("Outgoing hosts saved.");
        changed();
        await query.reload();
      },
    });
  return html`${query.error && html`<${Failure} error=${query.error} retry=${query.reload} />`}
    ${
      script &&
      (hosts
        ? hosts.length > 0
          ? html`<ul class="items" aria-label="Outgoing hosts">
              ${hosts.map((host) => html`<li key=${host}><code>${oneLine(host)}</code></li>`)}
            </ul>`
          : html`<p class="none">It may send no requests.</p>`
        : html`<p class="none">It may send requests to every public host.</p>`)
    }
    <p><button class="btn small" disabled=${!script} onClick=${change}>Change hosts</button></p>
    <${Ask} question=${asked} done=${() => setAsked(null)} />`;
}
