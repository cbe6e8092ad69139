// @ts-check
/**
 * The code editor of one file that two people have changed: its text begins with mine, shows what
 * differs from theirs, and knows where the clashes are while it is edited.
 */
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { unifiedMergeView } from "@codemirror/merge";
import { Annotation, EditorState, StateField } from "@codemirror/state";
import { Decoration, EditorView, keymap, lineNumbers } from "@codemirror/view";
import { keptBreaks, newLineOf, replaceRange, textOf } from "../workspace/kept-breaks.js";
import { languageOf } from "../workspace/languages.js";
import { withLineFeeds } from "../workspace/line-breaks.js";
import { theme } from "../workspace/theme.js";
import { chosen, joined, placesOf } from "./merging.js";

/**
 * @typedef {import("./merging.js").Piece} Piece
 * @typedef {import("./merging.js").Choice} Choice
 * @typedef {{ from: number, to: number, clash: import("./merging.js").Clash,
 *   choice: Choice | "edited" | null }} Place
 */

/** A clash, and what was chosen for it. */
const choosing = Annotation.define();

/** Comparing stops there, and becomes coarser. */
const COMPARED = { scanLimit: 500, timeout: 200 };

export class MergeEditor {
  /**
   * @param {ShadowRoot} root
   * @param {{ path: string, pieces: Piece[], theirs: string }} file
   * @param {(places: readonly Place[]) => void} changed called after each change
   */
  constructor(root, { path, pieces, theirs }, changed) {
    const text = joined(pieces);
    this.places = placesField(pieces);
    this.view = new EditorView({
      parent: root,
      root,
      state: EditorState.create({
        doc: text,
        extensions: [
          lineNumbers(),
          history(),
          keymap.of([...defaultKeymap, ...historyKeymap]),
          languageOf(path),
          theme,
          look,
          keptBreaks(text),
          this.places,
          unifiedMergeView({
            original: withLineFeeds(theirs),
            mergeControls: false,
            diffConfig: COMPARED,
          }),
          EditorView.contentAttributes.of({ "aria-label": `Merged ${path}`, tabindex: "0" }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) changed(update.state.field(this.places));
          }),
        ],
      }),
    });
    changed(this.view.state.field(this.places));
  }

  /** Puts the choice in the place of a clash. @param {number} index @param {Choice} choice */
  choose(index, choice) {
    const { state } = this.view;
    const { from, to, clash } = state.field(this.places)[index];
    const text = chosen(clash, choice, newLineOf(state));
    this.view.dispatch({
      ...replaceRange(state, { from, to, text }),
      annotations: choosing.of({ index, choice }),
    });
    this.reveal(index);
  }

  /** @param {number} index */
  reveal(index) {
    const { from } = this.view.state.field(this.places)[index];
    this.view.dispatch({ effects: EditorView.scrollIntoView(from, { y: "center" }) });
  }

  text() {
    return textOf(this.view.state).toString();
  }

  destroy() {
    this.view.destroy();
  }
}

/** Where the clashes are, and what was decided about each. @param {Piece[]} pieces */
const placesField = (pieces) =>
  StateField.define({
    create: () =>
      placesOf(pieces).map((place) => /** @type {Place} */ ({ ...place, choice: null })),
    update: (places, change) => (change.docChanged ? moved(places, change) : places),
    provide: (field) => EditorView.decorations.from(field, marks),
  });

/** @param {Place[]} places @param {import("@codemirror/state").Transaction} change @returns {Place[]} */
function moved(places, change) {
  const chosenNow = change.annotation(choosing);
  return places.map((place, index) => ({
    ...place,
    from: change.changes.mapPos(place.from, -1),
    to: change.changes.mapPos(place.to, 1),
    choice: chosenNow?.index === index ? chosenNow.choice : afterTyping(place, change),
  }));
}

/** @param {Place} place @param {import("@codemirror/state").Transaction} change */
function afterTyping({ from, to, choice }, change) {
  if (change.annotation(choosing) || !change.changes.touchesRange(from, to)) return choice;
  // What was decided and is undone is decided again.
  return change.isUserEvent("undo") ? null : "edited";
}

const OPEN = Decoration.line({ class: "cm-clash" });
const DECIDED = Decoration.line({ class: "cm-clash-decided" });

/** @param {readonly Place[]} places */
function marks(places) {
  return (/** @type {EditorView} */ view) => {
    const { doc } = view.state;
    const found = places.flatMap(({ from, to, choice }) => {
      const last = doc.lineAt(Math.max(from, to - 1)).number;
      const lines = [];
      for (let number = doc.lineAt(from).number; number <= last; number++)
        lines.push((choice ? DECIDED : OPEN).range(doc.line(number).from));
      return lines;
    });
    return Decoration.set(found, true);
  };
}

const look = EditorView.theme({
  "&": { maxHeight: "24rem", border: "1px solid var(--line-strong)" },
  // Marks at the edge: the colours of code are readable on the surface only.
  ".cm-clash": { boxShadow: "inset 4px 0 0 var(--danger)" },
  ".cm-clash-decided": { boxShadow: "inset 4px 0 0 var(--accent)" },
  "&.cm-merge-b .cm-changedLine": { backgroundColor: "var(--diff-added-pale)" },
  "&.cm-merge-b .cm-changedText": { background: "none" },
  ".cm-deletedChunk": { backgroundColor: "var(--diff-removed-pale)" },
  ".cm-deletedChunk .cm-deletedText": { background: "none" },
  "&.cm-merge-b .cm-deletedLine del": { textDecoration: "none" },
});
