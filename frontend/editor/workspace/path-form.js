// @ts-check
/** The line in which one types the path of a new or a moved file. */
import { html } from "htm/preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { untrusted } from "../../lib/untrusted-text.js";
import { folderOf, nameOf } from "./tree-model.js";

/**
 * @param {{ label: string, verb: string, start: string, run: (path: string) => void,
 *   close: () => void }} props run: throws the problem of a path
 */
export function PathForm({ label, verb, start, run, close }) {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [problem, setProblem] = useState("");
  // Before paint: later, it would replace what a quick person has typed.
  useLayoutEffect(() => {
    const field = input.current;
    if (!field) return;
    field.value = start;
    field.focus();
    // The name without its ending is what one changes most.
    const from = folderOf(start).length;
    const ending = nameOf(start).lastIndexOf(".");
    field.setSelectionRange(from, ending > 0 ? from + ending : start.length);
  }, [start]);
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    try {
      run(input.current?.value.trim() ?? "");
      close();
    } catch (refused) {
      setProblem(refused instanceof Error ? refused.message : String(refused));
    }
  };
  return html`<form
    class="path-form"
    onSubmit=${submit}
    onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Escape" && close()}
  >
    <label class="field">
      ${label}
      <input
        ref=${input}
        autocomplete="off"
        autocapitalize="off"
        spellcheck=${false}
        aria-invalid=${problem ? "true" : null}
        aria-describedby=${problem ? "path-problem" : null}
      />
    </label>
    ${problem && html`<p id="path-problem" class="problem" role="alert">${untrusted(problem)}</p>`}
    <menu>
      <button type="button" class="btn small" onClick=${close}>Cancel</button>
      <button class="btn small primary">${verb}</button>
    </menu>
  </form>`;
}
