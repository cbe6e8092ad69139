// @ts-check
/** The list of scripts. */
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import { gql } from "../../lib/documents.js";
import { useQuery } from "../../lib/load.js";
import { setTitle } from "../../lib/mark.js";
import { StateNotice } from "../../lib/notices.js";
import { Failure } from "../../lib/parts.js";
import { untrusted } from "../../lib/untrusted-text.js";
import { addressOf } from "../address.js";
import { Head } from "../frame.js";

const SCRIPTS = gql(`query EditorScripts {
  scripts(first: 200) { nodes { id slug title state } }
}`);

/** @param {{ me: import("../frame.js").Me | null }} props */
export function ScriptsPage({ me }) {
  const { data, error, reload } = useQuery(SCRIPTS, {});
  useEffect(() => setTitle("Scripts · Editor"), []);
  const scripts = data?.scripts.nodes ?? [];
  return html`<${Head} me=${me} />
    <main class="editor-page" id="main" tabindex="-1">
      <${StateNotice} />
      <h1 class="on-brand" tabindex="-1">Scripts</h1>
      ${error && html`<${Failure} error=${error} retry=${reload} />`}
      <ul class="card editor-scripts">
        ${scripts.map(
          ({ id, slug, title }) =>
            html`<li key=${id}><a href=${addressOf(slug)}>${untrusted(title || slug)}</a></li>`,
        )}
      </ul>
      ${data && scripts.length === 0 && html`<p class="card empty">There are no scripts yet.</p>`}
    </main>`;
}
