// @ts-check
/** The form of a request: route, parameters, method, headers, body, and as whom. */
import { html } from "htm/preact";
import { onOneLine } from "../../lib/untrusted-text.js";
import { formFor, hasBody, METHODS, parametersOf, pathOf, SOCKET } from "./requests.js";

/**
 * @typedef {import("./requests.js").Form} Form
 * @typedef {import("../panels.js").EditorScript} EditorScript
 * @typedef {{ target: HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement }} Typed
 */

const OTHER = "other";

/** @param {{ script: EditorScript, form: Form, change: (form: Form) => void, email: string }} props */
export function RequestForm({ script, form, change, email }) {
  const set =
    (/** @type {keyof Form} */ name) =>
    (/** @type {Typed} */ { target }) =>
      change({ ...form, [name]: target.value });
  return html`<${RouteField} script=${script} form=${form} change=${change} />
    ${
      form.route
        ? html`<${Parameters} form=${form} change=${change} />`
        : html`<label class="field">
            Path
            <input value=${form.path} spellcheck="false" onInput=${set("path")} />
          </label>`
    }
    <div class="run-row">
      ${
        form.method !== SOCKET &&
        html`<label class="field">
          Method
          <select value=${form.method} onChange=${set("method")}>
            ${METHODS.map((method) => html`<option key=${method}>${method}</option>`)}
          </select>
        </label>`
      }
      <${Visitor} script=${script} form=${form} change=${change} email=${email} />
    </div>
    ${
      form.method === SOCKET &&
      html`<p class="run-hint">
        A browser sends its sign-in with each WebSocket, so you can't be anonymous.
      </p>`
    }
    ${
      form.method === SOCKET
        ? html`<label class="field">
            Subprotocols
            <input
              value=${form.protocols}
              spellcheck="false"
              placeholder="chat.2, chat.1"
              onInput=${set("protocols")}
            />
          </label>`
        : html`<label class="field">
            Headers
            <textarea
              rows="2"
              spellcheck="false"
              placeholder="Accept: application/json"
              value=${form.headers}
              onInput=${set("headers")}
            />
          </label>`
    }
    ${
      hasBody(form.method) &&
      html`<label class="field">
        Body
        <textarea rows="5" spellcheck="false" value=${form.body} onInput=${set("body")} />
        <small>
          JSON is sent as application/json and text such as a=b&c=d as the fields of a form, unless
          a header says otherwise.
        </small>
      </label>`
    }
    <p class="run-line"><code>${nameOf(form.method)} ${onOneLine(pathOf(form))}</code></p>`;
}

/** A method as people call it. @param {string} method */
const nameOf = (method) =>
  method === SOCKET ? "WebSocket" : method === "*" ? "any" : onOneLine(method);

/** @param {{ script: EditorScript, form: Form, change: (form: Form) => void }} props */
function RouteField({ script, form, change }) {
  const { routes } = script;
  const chosen = routes.findIndex(
    ({ method, path }) => path === form.route && [form.method, "*"].includes(method),
  );
  const place = chosen < 0 ? routes.findIndex(({ path }) => path === form.route) : chosen;
  const choose = (/** @type {Typed} */ { target }) => {
    if (target.value === OTHER) {
      const method = form.method === SOCKET ? "GET" : form.method;
      change({ ...form, method, route: "", path: pathOf(form) });
    } else {
      const { headers, body, asViewer } = form;
      const next = formFor(routes[Number(target.value)], script.slug);
      change({ ...next, headers, body, asViewer });
    }
  };
  return html`<label class="field">
    Route
    <select value=${form.route && place >= 0 ? String(place) : OTHER} onChange=${choose}>
      ${routes.map(
        ({ method, path, kind }, index) =>
          html`<option key=${index} value=${String(index)}>
            ${nameOf(method)} ${onOneLine(path)}${kind === "stream" ? " · event stream" : ""}
          </option>`,
      )}
      <option value=${OTHER}>Another path</option>
    </select>
  </label>`;
}

/** @param {{ form: Form, change: (form: Form) => void }} props */
function Parameters({ form, change }) {
  const { values } = form;
  return html`${parametersOf(form.route).map(
      (name) =>
        html`<label class="field" key=${name}>
          ${name === "*" ? "Rest of the path" : onOneLine(name)}
          <input
            value=${values[name] ?? ""}
            spellcheck="false"
            onInput=${(/** @type {Typed} */ { target }) =>
              change({ ...form, values: { ...values, [name]: target.value } })}
          />
        </label>`,
    )}
    <label class="field">
      Query
      <input
        value=${form.query}
        spellcheck="false"
        placeholder="name=Ada&page=2"
        onInput=${(/** @type {Typed} */ { target }) => change({ ...form, query: target.value })}
      />
    </label>`;
}

/** @param {{ script: EditorScript, form: Form, change: (form: Form) => void, email: string }} props */
function Visitor({ script, form, change, email }) {
  const isBound = Boolean(script.host);
  const isSocket = form.method === SOCKET;
  const isMe = isSocket || form.asViewer;
  return html`<label class="field">
    Visitor
    <select
      value=${isMe && !isBound ? "me" : "nobody"}
      disabled=${isBound || isSocket}
      title=${isBound ? "Nobody can sign in on the host that the script is bound to." : null}
      onChange=${(/** @type {Typed} */ { target }) =>
        change({ ...form, asViewer: target.value === "me" })}
    >
      <option value="nobody">Anonymous</option>
      <option value="me">${onOneLine(email) || "Me"}</option>
    </select>
  </label>`;
}
