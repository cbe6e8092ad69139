// @ts-check
/** The panel Search: text in all files, and its replacement with a preview. */
import { html } from "htm/preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { count, nouns, size } from "../../lib/format.js";
import { say } from "../../lib/parts.js";
import { oneLine, onOneLine } from "../../lib/untrusted-text.js";
import { LONGEST_SEARCH, MOST_HITS } from "./search.js";
import { runSearch } from "./searching.js";
import { LARGEST_SEARCHED, textsOf } from "./texts.js";

/**
 * @typedef {import("../workspace/files.js").Workspace} Workspace
 * @typedef {import("./search.js").Wanted} Wanted
 * @typedef {import("./search.js").Found} Found
 * @typedef {import("./search.js").Hit} Hit
 * @typedef {{ target: HTMLInputElement }} Typed
 * @typedef {{ found: Found | null, left: string[], error: string, isRunning: boolean }} State
 *   left: paths of the files that were not searched
 */

/** So long after the last key it is searched. */
const PAUSE_MS = 250;
/** Paths that are named where there may be many. */
const MOST_NAMED = 5;

/** @type {Wanted} */
const NOTHING = { text: "", matchCase: false, isExpression: false, replacement: null };

/** @param {import("../panels.js").PanelProps} props */
export function SearchPanel({ workspace }) {
  const [wanted, setWanted] = useState(NOTHING);
  const { found, left, error, isRunning } = useSearch(workspace, wanted);
  const change = (/** @type {Partial<Wanted>} */ some) => setWanted({ ...wanted, ...some });
  return html`<form
      class="search-form"
      role="search"
      aria-label="Search in all files"
      onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}
    >
      <${Fields} wanted=${wanted} change=${change} canReplace=${workspace.canChange} />
      ${
        wanted.replacement !== null &&
        html`<button
          class="btn danger"
          type="button"
          disabled=${!found || found.hits === 0 || found.isCut || isRunning}
          onClick=${() => void replaceAll(workspace, wanted)}
        >
          ${found && found.hits > 0 && !found.isCut ? `Replace all ${found.hits}` : "Replace all"}
        </button>`
      }
    </form>
    <p class="search-state" role="status">${stateOf(wanted, found, isRunning)}</p>
    ${error && html`<p class="notice" role="alert">${onOneLine(error)}</p>`}
    ${left.length > 0 && html`<p class="notice" role="status">${onOneLine(leftOut(left))}</p>`}
    ${found?.files.map(
      ({ path, hits }) =>
        html`<section class="search-file" key=${path} aria-label=${path}>
          <h3>${oneLine(path)}<span>${hits.length}</span></h3>
          <ul>
            ${hits.map(
              (hit) =>
                html`<li key=${`${hit.line}:${hit.column}`}>
                  <${Line} hit=${hit} open=${() => workspace.open(path, hit)} />
                </li>`,
            )}
          </ul>
        </section>`,
    )}`;
}

/**
 * @param {{ wanted: Wanted, change: (some: Partial<Wanted>) => void, canReplace: boolean }} props
 */
function Fields({ wanted, change, canReplace }) {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  // Before paint: what is typed at once would go into the code.
  useLayoutEffect(() => input.current?.focus(), []);
  const valueOf = (/** @type {Typed} */ { target }) => target.value;
  return html`<label class="field">
      <span>Search for</span>
      <input
        ref=${input}
        type="search"
        maxlength=${LONGEST_SEARCH}
        spellcheck=${false}
        autocomplete="off"
        value=${wanted.text}
        onInput=${(/** @type {Typed} */ event) => change({ text: valueOf(event) })}
      />
    </label>
    <div class="search-options">
      <${Option}
        label="Match case"
        isOn=${wanted.matchCase}
        set=${(/** @type {boolean} */ matchCase) => change({ matchCase })}
      />
      <${Option}
        label="Regular expression"
        isOn=${wanted.isExpression}
        set=${(/** @type {boolean} */ isExpression) => change({ isExpression })}
      />
      ${
        canReplace &&
        html`<${Option}
          label="Replace"
          isOn=${wanted.replacement !== null}
          set=${(/** @type {boolean} */ isOn) => change({ replacement: isOn ? "" : null })}
        />`
      }
    </div>
    ${
      wanted.replacement !== null &&
      html`<label class="field">
        <span>Replace with</span>
        <input
          maxlength=${LONGEST_SEARCH}
          spellcheck=${false}
          autocomplete="off"
          value=${wanted.replacement}
          onInput=${(/** @type {Typed} */ event) => change({ replacement: valueOf(event) })}
        />
      </label>`
    }`;
}

/** @param {{ label: string, isOn: boolean, set: (isOn: boolean) => void }} props */
const Option = ({ label, isOn, set }) =>
  html`<label>
    <input
      type="checkbox"
      checked=${isOn}
      onChange=${(/** @type {Typed} */ { target }) => set(target.checked)}
    />
    ${label}
  </label>`;

/** @param {{ hit: Hit, open: () => void }} props */
function Line({ hit, open }) {
  const { line, before, match, after, replacement } = hit;
  const isPreview = replacement !== null;
  return html`<button class="search-hit" onClick=${open}>
    <span class="search-line">${line}</span>
    <bdi
      >${onOneLine(before)}${
        isPreview
          ? html`<del>${onOneLine(match)}</del><ins>${onOneLine(replacement)}</ins>`
          : html`<mark>${onOneLine(match)}</mark>`
      }${onOneLine(after)}</bdi
    >
  </button>`;
}

/** @param {Wanted} wanted @param {Found | null} found @param {boolean} isRunning */
function stateOf(wanted, found, isRunning) {
  if (!wanted.text) return "Searches the text of all files.";
  if (isRunning && !found) return "Searching …";
  if (!found) return "";
  if (found.isCut)
    return `More than ${MOST_HITS} matches. Search for more, so that there are fewer.`;
  if (found.hits === 0) return "No matches.";
  return `${count(found.hits, "match", "matches")} in ${count(found.files.length, "file")}.`;
}

/** Says which files were not searched. @param {readonly string[]} left */
function leftOut(left) {
  const others = left.length - MOST_NAMED;
  const named = left.slice(0, MOST_NAMED).join(", ");
  const more = others > 0 ? ` and ${count(others, "other")}` : "";
  return (
    `${count(left.length, "file")} ${nouns(left.length, "was", "were")} not searched: ` +
    `${named}${more}. A search reads at most ${size(LARGEST_SEARCHED)}, and no file that is too ` +
    "large to be shown."
  );
}

/**
 * Searches again after each key and each change of a file.
 * @param {Workspace} workspace @param {Wanted} wanted @returns {State}
 */
function useSearch(workspace, wanted) {
  const [state, setState] = useState(
    /** @type {State} */ ({ found: null, left: [], error: "", isRunning: false }),
  );
  const [revision, setRevision] = useState(0);
  useEffect(
    () =>
      workspace.subscribe((event) => {
        if (event === "text" || event === "files" || event === "loaded")
          setRevision((before) => before + 1);
      }),
    [workspace],
  );
  useEffect(() => {
    if (!wanted.text) {
      setState({ found: null, left: [], error: "", isRunning: false });
      return undefined;
    }
    const stop = new AbortController();
    const timer = setTimeout(() => {
      setState((before) => ({ ...before, isRunning: true }));
      const { files, left } = textsOf(workspace);
      runSearch(files, wanted, stop.signal).then(
        (found) => setState({ found, left, error: "", isRunning: false }),
        (refused) => {
          if (!stop.signal.aborted)
            setState({ found: null, left: [], error: refused.message, isRunning: false });
        },
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [workspace, wanted, revision]);
  return state;
}

/** @param {Workspace} workspace @param {Wanted} wanted */
async function replaceAll(workspace, wanted) {
  const { files, left } = textsOf(workspace);
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  try {
    const found = await runSearch(files, wanted, new AbortController().signal);
    if (found.isCut) return;
    const changed = found.files.filter(({ path }) => workspace.text(path) === texts.get(path));
    for (const { path, replaced } of changed)
      if (replaced !== null) workspace.setText(path, replaced);
    const hits = changed.reduce((sum, { hits }) => sum + hits.length, 0);
    const done = `Replaced ${count(hits, "match", "matches")} in ${count(changed.length, "file")}.`;
    say(left.length > 0 ? `${done} ${leftOut(left)}` : done);
  } catch (refused) {
    say(/** @type {Error} */ (refused).message);
  }
}
