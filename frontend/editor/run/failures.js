// @ts-check
/** Visitors' requests that failed, to send them again with everything undone. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { ask } from "../../lib/gql.js";
import { useQuery } from "../../lib/load.js";
import { Failure, Time } from "../../lib/parts.js";
import { refusalOf } from "../../lib/refusal.js";
import { onOneLine, untrusted } from "../../lib/untrusted-text.js";
import { showLogOf } from "../log/wanted.js";
import { FAILURES, REPLAY } from "./documents.js";

/**
 * @typedef {import("./documents.js").RunAnswer} RunAnswer
 * @typedef {import("../../types/documents").EditorFailuresData["scriptFailures"][number]} Failed
 */

/** @param {{ slug: string, replayed: (failed: Failed, answer: RunAnswer) => void }} props */
export function Failures({ slug, replayed }) {
  const { data, error, reload } = useQuery(FAILURES, { slug }, { isContent: false });
  const [busy, setBusy] = useState("");
  const [refused, setRefused] = useState(
    /** @type {import("../../lib/refusal.js").Refusal | null} */ (null),
  );
  const replay = async (/** @type {Failed} */ failed) => {
    setBusy(failed.id);
    setRefused(null);
    try {
      const input = { slug, id: failed.id };
      replayed(failed, (await ask(REPLAY, { input })).replayScriptInvocation);
    } catch (thrown) {
      setRefused(refusalOf(thrown));
    } finally {
      setBusy("");
    }
  };
  const failures = data?.scriptFailures ?? [];
  return html`<div class="run-acts">
      <button class="btn small" onClick=${() => void reload()}>Refresh</button>
    </div>
    ${error && html`<${Failure} error=${error} retry=${reload} />`}
    ${refused && html`<p class="notice bad" role="alert">${untrusted(refused.message)}</p>`}
    ${!data && !error && html`<p class="panel-empty" role="status">Loading …</p>`}
    ${data && !failures.length && html`<p class="panel-empty">No request failed lately.</p>`}
    <ul class="run-list">
      ${failures.map(
        (one) =>
          html`<li key=${one.id}>
            <div class="run-open">
              <code>${one.method} ${onOneLine(one.path)}</code>
              <span>${untrusted(one.message)}</span>
              <small>version ${one.version}, <${Time} iso=${one.at} /></small>
            </div>
            <button class="btn small" onClick=${() => showLogOf(slug, one.requestId)}>Log</button>
            <button
              class="btn small"
              disabled=${!one.canBeReplayed || busy !== ""}
              title=${one.canBeReplayed ? null : "Its body was not kept."}
              onClick=${() => void replay(one)}
            >
              Replay
            </button>
          </li>`,
      )}
    </ul>
    <p class="run-hint">
      A replay asks the active version, as an anonymous visitor. What it writes is undone.
    </p>`;
}
