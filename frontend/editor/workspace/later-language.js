// @ts-check
/** A language that is loaded while its file is already shown, as plain text until then. */
import { Compartment, StateEffect, StateField } from "@codemirror/state";
import { showPanel, ViewPlugin } from "@codemirror/view";

/**
 * @typedef {import("@codemirror/state").Extension} Extension
 * @typedef {import("@codemirror/view").EditorView} EditorView
 */

/** Whether loading failed. @type {import("@codemirror/state").StateEffectType<boolean>} */
const failed = StateEffect.define();
/** Until the language is there. @type {Extension} */
const NONE = [];

/** @param {() => Promise<Extension>} load @returns {Extension} */
export function languageLoadedLater(load) {
  const place = new Compartment();
  const loader = ViewPlugin.define((view) => new Loader(view, place, load));
  const failure = StateField.define({
    create: () => false,
    update: (before, { effects }) =>
      effects.reduce((now, effect) => (effect.is(failed) ? effect.value : now), before),
    provide: (field) =>
      showPanel.from(field, (hasFailed) =>
        hasFailed ? (view) => failurePanel(() => void view.plugin(loader)?.load()) : null,
      ),
  });
  return [place.of(NONE), failure, loader];
}

class Loader {
  #isShown = true;

  /** @param {EditorView} view @param {Compartment} place @param {() => Promise<Extension>} get */
  constructor(view, place, get) {
    this.view = view;
    this.place = place;
    this.get = get;
    void this.load();
  }

  async load() {
    // A state that was left and is shown again has its language.
    if (this.place.get(this.view.state) !== NONE) return;
    try {
      const language = await this.get();
      this.#say([this.place.reconfigure(language), failed.of(false)]);
    } catch {
      this.#say([failed.of(true)]);
    }
  }

  /** @param {readonly StateEffect<unknown>[]} effects */
  #say(effects) {
    if (this.#isShown) this.view.dispatch({ effects });
  }

  destroy() {
    this.#isShown = false;
  }
}

/** @param {() => void} retry @returns {import("@codemirror/view").Panel} */
function failurePanel(retry) {
  const dom = document.createElement("div");
  dom.className = "cm-language-failed";
  dom.setAttribute("role", "alert");
  const button = document.createElement("button");
  button.className = "cm-button";
  button.textContent = "Try again";
  button.addEventListener("click", retry);
  dom.append("The colors of this file could not be loaded. ", button);
  return { dom };
}
