// @ts-check
/** The panel Run: sends requests to the active version of a script, and shows the answers. */
import { html } from "htm/preact";
import { useRef, useState } from "preact/hooks";
import { askUntil } from "../../lib/gql.js";
import { useListener } from "../../lib/listener.js";
import { useQuery } from "../../lib/load.js";
import { Ask, reason } from "../../lib/parts.js";
import { refusalOf } from "../../lib/refusal.js";
import { Answer, copy } from "./answer.js";
import { curl } from "./curl.js";
import { ME, RUN } from "./documents.js";
import { Failures } from "./failures.js";
import { LiveView } from "./live/live-view.js";
import { opening, resuming, targetOf } from "./live/opening.js";
import { useLive } from "./live/use-live.js";
import { RecentRuns } from "./recent-runs.js";
import { RequestForm } from "./request-form.js";
import { formFor, formOf, isRunnable, kindOf, pathOf, problemOf, requestOf } from "./requests.js";
import { RunButtons } from "./run-buttons.js";
import { SavedRequests } from "./saved-requests.js";

/**
 * @typedef {import("../../lib/refusal.js").Refusal} Refusal
 * @typedef {import("./documents.js").RunAnswer} RunAnswer
 * @typedef {import("./requests.js").Request} Request
 * @typedef {import("./recent-runs.js").Sent} Sent
 */

/** Runs of this visit that are kept; each answer has at most 1 MB. */
const MOST_RECENT = 20;

const STOPPED =
  "Stopped waiting for the answer. What the script did so far stays, and a run ends after 25 s.";

/** @param {import("../panels.js").PanelProps & { isOpen: boolean }} props isOpen: false while it is hidden */
export function RunPanel({ script, workspace, isOpen }) {
  const { slug, routes } = script;
  const { data } = useQuery(ME, {}, { isContent: false });
  const [form, setForm] = useState(() => formFor(routes.find(isRunnable) ?? routes[0], slug));
  const [problem, setProblem] = useState("");
  const [question, setQuestion] = useState(
    /** @type {import("../../lib/parts.js").Question | null} */ (null),
  );
  const runs = useRuns(slug);
  const live = useLive(targetOf(form, script), isOpen);
  const kind = kindOf(form, routes);
  const isReady = () => {
    const found = problemOf(form);
    setProblem(found ?? "");
    return !found;
  };
  const current = () =>
    isReady() ? requestOf({ ...form, asViewer: form.asViewer && !script.host }) : null;
  const toSave = () => {
    if (kind !== "socket") return current();
    setProblem("A WebSocket can't be saved.");
    return null;
  };
  const follow = () => {
    if (!script.activeVersion || script.host || !isReady()) return;
    runs.stop();
    live.open(opening(form, script));
  };
  const run = () => {
    if (kind !== "answer") return follow();
    const request = current();
    if (request) void runs.send(request);
  };
  const open = (/** @type {Request} */ request) => {
    setProblem("");
    setForm(formOf(request, routes));
  };
  const reopen = (/** @type {Sent} */ sent) => {
    if (sent.request) open(sent.request);
    runs.show(sent);
  };
  const origin = script.host ? `${location.protocol}//${script.host}` : location.origin;
  const canOpen = script.activeVersion && form.method === "GET" && !problemOf(form);
  const copyCurl = () => {
    const request = current();
    const isStream = kind === "stream";
    if (request) void copy(curl(request, origin, { isStream }), "Command");
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
      <${RunButtons}
        kind=${kind}
        isBusy=${runs.isBusy}
        isDeployed=${Boolean(script.activeVersion)}
        host=${script.host}
        page=${canOpen ? origin + pathOf(form) : null}
        stop=${runs.stop}
        follow=${follow}
        copyCurl=${copyCurl}
      />
    </form>
    ${runs.refused && html`<p class="notice bad" role="alert">${reason(runs.refused)}</p>`}
    ${
      live.connection &&
      html`<${LiveView}
        key=${live.connection.number}
        connection=${live.connection}
        workspace=${workspace}
        stop=${live.stop}
        resume=${(/** @type {import("./live/followed-request.js").FollowedRequest} */ before) =>
          live.open(resuming(before, slug))}
      />`
    }
    ${runs.shown && html`<${Answer} key=${runs.shown.number} answer=${runs.shown.answer} workspace=${workspace} />`}
    <details class="run-more">
      <summary>Saved requests</summary>
      <${SavedRequests} slug=${slug} open=${open} current=${toSave} ask=${setQuestion} />
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
  const waiting = useRef(/** @type {AbortController | null} */ (null));
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
    if (waiting.current) return;
    const mine = new AbortController();
    waiting.current = mine;
    setBusy(true);
    setRefused(null);
    try {
      const input = { slug, ...request, headers: [...request.headers] };
      const { runScript } = await askUntil(mine.signal, RUN, { input });
      add(`${request.method} ${request.path}`, request, runScript);
    } catch (thrown) {
      if (waiting.current === mine) setRefused(refusalOf(thrown));
    } finally {
      if (waiting.current === mine) {
        waiting.current = null;
        setBusy(false);
      }
    }
  };
  const stop = () => {
    if (!waiting.current) return;
    waiting.current.abort();
    waiting.current = null;
    setBusy(false);
    setRefused({ message: STOPPED });
  };
  return { recent, shown, refused, isBusy, add, send, stop, show: setShown };
}

/** Ctrl-Enter runs, wherever the focus is; the workspace opens this panel with it. @param {() => void} run */
function useRunKey(run) {
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    const isMod = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
    const at = /** @type {Element} */ (event.target);
    if (event.key !== "Enter" || !isMod || at.closest?.("dialog")) return;
    const message = /** @type {HTMLFormElement | null} */ (at.closest?.(".live-message") ?? null);
    if (message) message.requestSubmit();
    else run();
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
