// @ts-check
/** The code editor of the open file, which follows the workspace and reports what is typed. */
import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import {
  defaultKeymap,
  history,
  historyKeymap,
  indentWithTab,
  isolateHistory,
} from "@codemirror/commands";
import {
  bracketMatching,
  codeFolding,
  foldGutter,
  foldKeymap,
  indentOnInput,
  indentUnit,
} from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Annotation, Compartment, EditorSelection, EditorState } from "@codemirror/state";
import {
  crosshairCursor,
  drawSelection,
  dropCursor,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  rectangularSelection,
} from "@codemirror/view";
import { languageExtensions } from "../language/extensions.js";
import { diagnosticsOf } from "./diagnostics.js";
import { changeTo, isTextChanged, keptBreaks, textOf } from "./kept-breaks.js";
import { languageOf } from "./languages.js";
import { theme } from "./theme.js";

/**
 * @typedef {import("./files.js").Workspace} Workspace
 * @typedef {import("./files.js").Text} Text
 * @typedef {{ state: EditorState, document: Text | null }} Known
 *   document: the text in the workspace that the state shows
 */

/** Marks a change that comes from the workspace, and need not be reported to it. */
const fromWorkspace = Annotation.define();

export class CodeView {
  /** @type {Map<string, Known>} */
  #known = new Map();
  #path = "";
  #rights = new Compartment();

  /** @param {Workspace} workspace @param {ShadowRoot} root */
  constructor(workspace, root) {
    this.workspace = workspace;
    this.view = new EditorView({ parent: root, root, state: EditorState.create() });
    this.#stop = workspace.subscribe((event) => this.#follow(event));
    workspace.attach({
      selection: () => this.#selection(),
      reveal: (line, column) => this.#reveal(line, column),
      focus: () => this.view.focus(),
    });
    const { current } = workspace;
    this.#show();
    if (current && current.line > 1) this.#reveal(current.line, current.column);
  }

  /** @type {() => void} */
  #stop;

  destroy() {
    this.#stop();
    this.workspace.attach(null);
    this.view.destroy();
  }

  /** @param {import("./files.js").Event} event */
  #follow(event) {
    if (event === "cursor") return;
    if (event === "problems") this.#mark();
    else if (event === "rights") this.#allow();
    else this.#show();
  }

  /** Shows the open file as the workspace has it now. */
  #show() {
    const path = this.workspace.current?.path ?? "";
    const document = this.workspace.document(path);
    if (path !== this.#path) {
      this.#keep();
      this.#path = document ? path : "";
      if (!document) return;
      const known = this.#known.get(path);
      this.view.setState(known?.state ?? this.#stateOf(path));
      if (!known) this.#known.set(path, { state: this.view.state, document });
      this.#allow();
      this.#mark();
      this.#tellCursor();
    }
    if (document) this.#update(path, document);
  }

  /** Lets the text be changed, or not, as the workspace says now. */
  #allow() {
    if (!this.#path || this.view.state.readOnly !== this.workspace.canChange) return;
    this.view.dispatch({ effects: this.#rights.reconfigure(this.#rightsOf()) });
  }

  #rightsOf() {
    const isReadOnly = !this.workspace.canChange;
    return [
      EditorState.readOnly.of(isReadOnly),
      EditorView.contentAttributes.of({ "aria-readonly": String(isReadOnly) }),
    ];
  }

  /** Remembers the state of the file that is left, and forgets the files that are gone. */
  #keep() {
    const known = this.#known.get(this.#path);
    if (known) known.state = this.view.state;
    for (const path of this.#known.keys()) if (!this.workspace.has(path)) this.#known.delete(path);
  }

  /** Takes over a text that was changed elsewhere, such as by a replacement in all files. @param {string} path @param {Text} document */
  #update(path, document) {
    const known = this.#known.get(path);
    if (!known || known.document === document) return;
    known.document = document;
    const change = changeTo(this.view.state, document.toString());
    // Undo takes it back alone, however soon after a key it came.
    const annotations = [fromWorkspace.of(true), isolateHistory.of("full")];
    if (change) this.view.dispatch({ ...change, annotations });
  }

  /** @param {string} path */
  #stateOf(path) {
    const text = this.workspace.text(path) ?? "";
    return EditorState.create({ doc: text, extensions: this.#extensions(path, text) });
  }

  /** @param {string} path @param {string} text */
  #extensions(path, text) {
    return [
      lineNumbers(),
      highlightActiveLineGutter(),
      highlightSpecialChars(),
      history(),
      codeFolding(),
      foldGutter(),
      drawSelection(),
      dropCursor(),
      EditorState.allowMultipleSelections.of(true),
      indentOnInput(),
      indentUnit.of("  "),
      bracketMatching(),
      closeBrackets(),
      rectangularSelection(),
      crosshairCursor(),
      highlightActiveLine(),
      highlightSelectionMatches(),
      search({ top: true }),
      lintGutter(),
      languageExtensions(this.workspace, path),
      keymap.of([
        ...closeBracketsKeymap,
        ...defaultKeymap,
        ...searchKeymap,
        ...historyKeymap,
        ...foldKeymap,
        ...lintKeymap,
        indentWithTab,
      ]),
      languageOf(path),
      theme,
      keptBreaks(text),
      this.#rights.of(this.#rightsOf()),
      EditorView.contentAttributes.of({
        "aria-label": path,
        spellcheck: "false",
        tabindex: "0",
      }),
      EditorView.updateListener.of((update) => this.#updated(path, update)),
    ];
  }

  /** @param {string} path @param {import("@codemirror/view").ViewUpdate} update */
  #updated(path, update) {
    const isOurs = update.transactions.some((one) => one.annotation(fromWorkspace));
    if (isTextChanged(update) && !isOurs) {
      const document = textOf(update.state);
      const known = this.#known.get(path);
      if (known) known.document = document;
      this.workspace.typed(path, document);
    }
    if (update.selectionSet || update.docChanged) this.#tellCursor();
  }

  #tellCursor() {
    const { head } = this.view.state.selection.main;
    const line = this.view.state.doc.lineAt(head);
    this.workspace.moved(line.number, head - line.from + 1);
  }

  #selection() {
    const { from, to } = this.view.state.selection.main;
    return this.view.state.sliceDoc(from, to);
  }

  /** @param {number} line @param {number} column */
  #reveal(line, column) {
    if (!this.#path) return;
    const { doc } = this.view.state;
    const found = doc.line(Math.min(Math.max(line, 1), doc.lines));
    const place = Math.min(found.from + Math.max(column, 1) - 1, found.to);
    this.view.dispatch({
      selection: EditorSelection.cursor(place),
      effects: EditorView.scrollIntoView(place, { y: "center" }),
    });
    this.view.focus();
  }

  #mark() {
    if (!this.#path) return;
    const { state } = this.view;
    const found = this.workspace.problems.filter(({ file }) => file === this.#path);
    this.view.dispatch(setDiagnostics(state, diagnosticsOf(state.doc, found)));
  }
}
