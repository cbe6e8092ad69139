// @ts-check
/** The panel Run: sends requests to the active version of a script, and shows the answers. */
import { html } from "htm/preact";
import { useRef, useState } from "preact/hooks";
import { ask } from "../../lib/gql.js";
import { useListener } from "../../lib/listener.js";
import { useQuery } from "../../lib/load.js";
import { Ask, reason } from "../../lib/parts.js";
import { refusalOf } from "../../lib/refusal.js";
import { Answer, copy } from "./answer.js";
import { curl } from "./curl.js";
import { ME, RUN } from "./documents.js";
import { Failures } from "./failures.js";
import { RecentRuns } from "./recent-runs.js";
import { RequestForm } from "./request-form.js";
import { formFor, formOf, isRunnable, pathOf, problemOf, requestOf } from "./requests.js";
import { SavedRequests } from "./saved-requests.js";

/**
 * @typedef {import("../../lib/refusal.js").Refusal} Refusal
 * @typedef {import("./documents.js").RunAnswer} RunAnswer
 * @typedef {import("./requests.js").Request} Request
 * @typedef {import("./recent-runs.js").Sent} Sent
 */

/** Runs of this visit that are kept; each answer has at most 1 MB. */
const MOST_RECENT = 20;

/** @param {import("../panels.js").PanelProps} props */
export function RunPanel({ script, workspace }) {
  const { slug } = script;
  const { data } = useQuery(ME, {}, { isContent: false });
  const [form, setForm] = useState(() => formFor(script.routes.find(isRunnable), slug));
  const [problem, setProblem] = useState("");
  const [question, setQuestion] = useState(
    /** @type {import("../../lib/parts.js").Question | null} */ (null),
  );
  const runs = useRuns(slug);
  const current = () => {
    const found = problemOf(form);
    setProblem(found ?? "");
    return found ? null : requestOf({ ...form, asViewer: form.asViewer && !script.host });
  };
  const run = () => {
    const request = current();
    if (request) void runs.send(request);
  };
  const open = (/** @type {Request} */ request) => {
    setProblem("");
    setForm(formOf(request, script.routes));
  };
  const reopen = (/** @type {Sent} */ sent) => {
    if (sent.request) open(sent.request);
    runs.show(sent);
  };
  const origin = script.host ? `${location.protocol}//${script.host}` : location.origin;
  const canOpen = script.activeVersion && form.method === "GET" && !problemOf(form);
  const copyCurl = () => {
    const request = current();
    if (request) void copy(curl(request, origin), "Command");
  };
  useRunKey(run);
  return html`<div class="run-panel">
    <${Version} script=${script} workspace=${workspace} />
    <form
      class="run-form"
      aria-label="Request"
      onSubmit=${(/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        run();
      }}
    >
      <${RequestForm}
        script=${script}
        form=${form}
        change=${setForm}
        email=${data?.viewer?.email ?? ""}
      />
      ${problem && html`<p class="notice bad" role="alert">${problem}</p>`}
      <div class="run-acts">
        <button
          class="btn primary"
          disabled=${runs.isBusy || !script.activeVersion}
          title="Run (Ctrl+Enter)"
        >
          ${runs.isBusy ? "Running …" : "Run"}
        </button>
        <button type="button" class="btn" onClick=${copyCurl}>Copy as curl</button>
        ${
          canOpen &&
          html`<a
            class="btn"
            href=${origin + pathOf(form)}
            target="_blank"
            rel="noopener noreferrer"
          >
            Open in a new tab
          </a>`
        }
      </div>
    </form>
    ${runs.refused && html`<p class="notice bad" role="alert">${reason(runs.refused)}</p>`}
    ${runs.shown && html`<${Answer} key=${runs.shown.number} answer=${runs.shown.answer} workspace=${workspace} />`}
    <details class="run-more">
      <summary>Saved requests</summary>
      <${SavedRequests} slug=${slug} open=${open} current=${current} ask=${setQuestion} />
    </details>
    <details class="run-more">
      <summary>Recent runs</summary>
      <${RecentRuns} runs=${runs.recent} open=${reopen} />
    </details>
    <details class="run-more">
      <summary>Failed requests</summary>
      <${Failures}
        slug=${slug}
        replayed=${(
          /** @type {import("./failures.js").Failed} */ failed,
          /** @type {RunAnswer} */ answer,
        ) => runs.add(`Replay of ${failed.method} ${failed.path}`, null, answer)}
      />
    </details>
    <${Ask} question=${question} done=${() => setQuestion(null)} />
  </div>`;
}

/** The runs of this visit, newest first, and the one that is shown. @param {string} slug */
function useRuns(slug) {
  const [recent, setRecent] = useState(/** @type {Sent[]} */ ([]));
  const [shown, setShown] = useState(/** @type {Sent | null} */ (null));
  const [refused, setRefused] = useState(/** @type {Refusal | null} */ (null));
  const [isBusy, setBusy] = useState(false);
  const number = useRef(0);
  const add = (
    /** @type {string} */ label,
    /** @type {Request | null} */ request,
    /** @type {RunAnswer} */ answer,
  ) => {
    const sent = { number: ++number.current, label, request, answer, at: new Date().toISOString() };
    setRecent((before) => [sent, ...before].slice(0, MOST_RECENT));
    setShown(sent);
    setRefused(null);
  };
  const send = async (/** @type {Request} */ request) => {
    if (isBusy) return;
    setBusy(true);
    setRefused(null);
    try {
      const input = { slug, ...request, headers: [...request.headers] };
      const { runScript } = await ask(RUN, { input });
      add(`${request.method} ${request.path}`, request, runScript);
    } catch (thrown) {
      setRefused(refusalOf(thrown));
    } finally {
      setBusy(false);
    }
  };
  return { recent, shown, refused, isBusy, add, send, show: setShown };
}

/** Ctrl-Enter runs, wherever the focus is; the workspace opens this panel with it. @param {() => void} run */
function useRunKey(run) {
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    const isMod = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
    const isInDialog = /** @type {Element} */ (event.target).closest?.("dialog");
    if (event.key === "Enter" && isMod && !isInDialog) run();
  };
  useListener(window, "keydown", pressed, { capture: true });
}

/** What a run runs. @param {import("../panels.js").PanelProps} props */
function Version({ script, workspace }) {
  const { activeVersion, newestVersion } = script;
  if (!activeVersion) {
    return html`<p class="notice" role="status">
      No version is deployed, so there is nothing to run yet.${" "}
      <button class="btn small" onClick=${() => workspace.deploy()}>Deploy</button>
    </p>`;
  }
  if (activeVersion === newestVersion && !workspace.isDirty) return null;
  return html`<p class="notice" role="status">
    Runs version ${activeVersion}, which is deployed. What you changed since is not in it.
  </p>`;
}
