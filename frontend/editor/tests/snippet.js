// @ts-check
/** A box that evaluates JavaScript in the active version. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { gql } from "../../lib/documents.js";
import { durationOfMs } from "../../lib/format.js";
import { ask } from "../../lib/gql.js";
import { reason } from "../../lib/parts.js";
import { refusalOf } from "../../lib/refusal.js";
import { untrustedLines } from "../../lib/untrusted-text.js";
import { Lines, Place } from "./place.js";

/** @typedef {import("../../types/documents").EvaluateScriptData["evaluateScript"]} Evaluation */

/** The server's limit. */
const LONGEST_SOURCE = 100_000;

const EVALUATE = gql(`mutation EvaluateScript($input: EvaluateScriptInput!) {
  evaluateScript(input: $input) {
    version json text milliseconds
    error { message file line column stack }
    log { level text file line column }
  }
}`);

/** @param {import("../panels.js").PanelProps} props */
export function Snippet({ script, workspace }) {
  const [source, setSource] = useState("");
  const [keep, setKeep] = useState(false);
  const [busy, setBusy] = useState(false);
  const [found, setFound] = useState(/** @type {Evaluation | null} */ (null));
  const [refused, setRefused] = useState(/** @type {unknown} */ (null));
  const evaluate = async () => {
    if (busy || !source.trim()) return;
    setBusy(true);
    setRefused(null);
    try {
      const input = { slug: script.slug, source, keep };
      setFound((await ask(EVALUATE, { input })).evaluateScript);
    } catch (error) {
      setFound(null);
      setRefused(error);
    } finally {
      setBusy(false);
    }
  };
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    void evaluate();
  };
  if (script.activeVersion === null)
    return html`<p class="hint">Deploy a version to evaluate snippets in it.</p>`;
  return html`<form
      class="snippet"
      aria-label="Snippet"
      onSubmit=${(/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        void evaluate();
      }}
    >
      <label class="field">
        JavaScript
        <small>an expression, or statements with return; sees what the entry file sees</small>
        <textarea
          rows="4"
          maxlength=${LONGEST_SOURCE}
          spellcheck=${false}
          placeholder="await env.kv.list()"
          value=${source}
          onInput=${(/** @type {{ target: HTMLTextAreaElement }} */ { target }) => setSource(target.value)}
          data-own-enter
          onKeyDown=${pressed}
        ></textarea>
      </label>
      <label class="choice">
        <input
          type="checkbox"
          checked=${keep}
          onChange=${(/** @type {{ target: HTMLInputElement }} */ { target }) => setKeep(target.checked)}
        />
        Keep what it writes
      </label>
      <p class="does">
        <button class="btn small" disabled=${busy || !source.trim()} title="Evaluate (Ctrl+Enter)">
          ${busy ? "Evaluating…" : "Evaluate"}
        </button>
      </p>
    </form>
    <div role="status" aria-label="Value">
      ${found && html`<${Value} found=${found} workspace=${workspace} />`}
    </div>
    ${Boolean(refused) && html`<p class="notice bad" role="alert">${reason(refusalOf(refused))}</p>`}`;
}

/** @param {{ found: Evaluation, workspace: import("./place.js").Workspace }} props */
const Value = ({ found, workspace }) =>
  html`<p class="hint">${`Version ${found.version}, ${durationOfMs(found.milliseconds)}`}</p>
    ${
      found.error
        ? html`<pre class="bad">${untrustedLines(found.error.stack || found.error.message)}</pre>
            <${Place}
              workspace=${workspace}
              file=${found.error.file}
              line=${found.error.line}
              column=${found.error.column}
            />`
        : html`<pre>${untrustedLines(found.text ?? found.json ?? "undefined")}</pre>`
    }
    <${Lines} label="Log of the snippet" workspace=${workspace} lines=${found.log} />`;
