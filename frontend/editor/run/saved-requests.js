// @ts-check
/** Requests that the owners of a script saved, to send them again. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { ask } from "../../lib/gql.js";
import { useQuery } from "../../lib/load.js";
import { Failure, say, Time } from "../../lib/parts.js";
import { oneLine, onOneLine, untrusted } from "../../lib/untrusted-text.js";
import { DELETE, SAVE, SAVED } from "./documents.js";

/**
 * @typedef {import("./documents.js").SavedRequest} SavedRequest
 * @typedef {import("./requests.js").Request} Request
 * @typedef {import("../../lib/parts.js").Question} Question
 */

const LONGEST_NAME = 100;

/**
 * The saved requests, and what can be done with them.
 * @param {{ slug: string, open: (request: Request) => void, current: () => Request | null,
 *   ask: (question: Question) => void }} props
 *   current: the request of the form; null when it can't be sent
 */
export function SavedRequests({ slug, open, current, ask: question }) {
  const { data, error, reload, change } = useQuery(SAVED, { slug }, { isContent: false });
  const [chosen, setChosen] = useState("");
  const requests = data?.scriptRequests ?? [];
  const replaced = requests.find(({ id }) => id === chosen);
  const put = (/** @type {SavedRequest} */ saved) => {
    change(({ scriptRequests: all }) => ({
      scriptRequests: [...all.filter(({ id }) => id !== saved.id), saved].sort(byName),
    }));
    setChosen(saved.id);
    say(`Saved ${saved.name}.`);
  };
  const save = (/** @type {SavedRequest | undefined} */ over) => {
    const request = current();
    if (request) question(saveQuestion({ slug, request, over, put }));
  };
  const remove = (/** @type {SavedRequest} */ { id, name }) =>
    question({
      title: `Delete ${name}?`,
      text: "All owners of the script lose this saved request.",
      verb: "Delete",
      danger: true,
      run: async () => {
        const { deleteScriptRequest } = await ask(DELETE, { input: { slug, id } });
        change(() => ({ scriptRequests: deleteScriptRequest.requests }));
      },
    });
  return html`<div class="run-acts">
      <button class="btn small" onClick=${() => save(undefined)}>Save as new</button>
      ${
        replaced &&
        html`<button class="btn small" onClick=${() => save(replaced)}>
          Replace ${onOneLine(replaced.name)}
        </button>`
      }
    </div>
    ${error && html`<${Failure} error=${error} retry=${reload} />`}
    ${!data && !error && html`<p class="panel-empty" role="status">Loading …</p>`}
    ${data && !requests.length && html`<p class="panel-empty">No request is saved yet.</p>`}
    <ul class="run-list">
      ${requests.map(
        (one) =>
          html`<li key=${one.id} class=${one.id === chosen ? "chosen" : ""}>
            <button
              class="run-open"
              onClick=${() => {
                setChosen(one.id);
                open(one);
              }}
            >
              <b>${oneLine(one.name)}</b>
              <code>${one.method} ${onOneLine(one.path)}</code>
              <small>${untrusted(one.savedBy)}, <${Time} iso=${one.savedAt} /></small>
            </button>
            <button
              class="btn small"
              aria-label=${`Delete ${onOneLine(one.name)}`}
              onClick=${() => remove(one)}
            >
              Delete
            </button>
          </li>`,
      )}
    </ul>`;
}

/**
 * @param {{ slug: string, request: Request, over: SavedRequest | undefined,
 *   put: (saved: SavedRequest) => void }} given
 * @returns {Question}
 */
function saveQuestion({ slug, request, over, put }) {
  return {
    title: over ? `Replace ${over.name}?` : "Save this request",
    text: "All owners of the script see it, with its headers and body. Leave passwords out.",
    verb: over ? "Replace" : "Save",
    fields: html`<label class="field">
      Name
      <input name="name" required maxlength=${LONGEST_NAME} defaultValue=${over?.name ?? ""} />
    </label>`,
    run: async (form) => {
      const { asViewer, method, path, headers, body } = request;
      const sent = { method, path, headers: [...headers], body, asViewer };
      const name = String(form.get("name") ?? "");
      const input = { ...sent, slug, name, id: over?.id ?? null };
      put((await ask(SAVE, { input })).saveScriptRequest.request);
    },
  };
}

/** @param {SavedRequest} one @param {SavedRequest} other */
const byName = (one, other) => (one.name < other.name ? -1 : 1);
