// @ts-check
/** The filter above the lines. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { SearchField } from "../lib/search-field.js";
import { inField, LEVELS } from "./log-filter.js";

/** @typedef {import("./log-filter.js").State} State */
/** @typedef {{ target: HTMLInputElement | HTMLSelectElement }} Typed */

/** @param {{ state: State, setState: import("../lib/router.js").SetParameters<State> }} props */
export function LogBar({ state, setState }) {
  const set =
    (/** @type {string} */ name) =>
    (/** @type {Typed} */ { target }) =>
      setState({ [name]: target.value, line: "" });
  const typed = (/** @type {string} */ name) => (/** @type {string} */ value) =>
    setState({ [name]: value.trim(), line: "" }, true);
  // A field that somebody empties, to type something else, does not go away.
  const [isOpen, setOpen] = useState(isNarrowed(state));
  return html`<div class="bar">
    <${SearchField}
      label="Search logs"
      placeholder="Search text"
      value=${state.q}
      change=${typed("q")}
      shortcut
    />
    <label>
      <span class="visually-hidden">Level</span>
      <select value=${state.level} onChange=${set("level")}>
        <option value="">All levels</option>
        ${LEVELS.map(
          (level) =>
            html`<option value=${level}>
              ${level.toLowerCase()}${level === "CRITICAL" ? "" : " and above"}
            </option>`,
        )}
      </select>
    </label>
    <details
      class="narrow"
      open=${isOpen || isNarrowed(state)}
      onToggle=${(/** @type {{ currentTarget: HTMLDetailsElement }} */ { currentTarget }) =>
        setOpen(currentTarget.open)}
    >
      <summary class="btn small">More filters</summary>
      <div class="bar">
        <${SearchField}
          label="Request ID"
          placeholder="Request ID"
          value=${state.request}
          change=${typed("request")}
        />
        <${SearchField}
          label="User ID"
          placeholder="User ID"
          value=${state.user}
          change=${typed("user")}
        />
        <${SearchField}
          label="Path prefix"
          placeholder="Path prefix, such as /graphql"
          value=${state.path}
          change=${typed("path")}
        />
        <label
          >From <input type="datetime-local" value=${inField(state.since)} onChange=${set("since")}
        /></label>
        <label
          >To <input type="datetime-local" value=${inField(state.until)} onChange=${set("until")}
        /></label>
      </div>
    </details>
    ${
      state.line &&
      html`<button class="btn small" onClick=${() => setState({ line: "" })}>
        Up to one line · Show newest
      </button>`
    }
  </div>`;
}

/** @param {State} state */
const isNarrowed = ({ request, user, path, since, until }) =>
  Boolean(request || user || path || since || until);
