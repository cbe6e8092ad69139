/** Line breaks of the editor's files: whatever somebody does, other lines stay unchanged. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CompletionContext } from "@codemirror/autocomplete";
import { history, redo, undo, undoDepth } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import { ensureSyntaxTree } from "@codemirror/language";
import { EditorSelection, EditorState } from "@codemirror/state";
import { isClash, joined, mergeTexts, mergeTrees, placesOf } from "../editor/history/merging.js";
import { ownNames } from "../editor/language/completion.js";
import { ExportIndex, exportsOf } from "../editor/language/exports.js";
import { search } from "../editor/search/search.js";
import { Workspace } from "../editor/workspace/files.js";
import {
  changeTo,
  isTextChanged,
  keptBreaks,
  newLineOf,
  replaceRange,
  textOf,
} from "../editor/workspace/kept-breaks.js";
import { positionsIn, usualBreak, withLineFeeds } from "../editor/workspace/line-breaks.js";

const MIXED = "one\r\ntwo\nthree\r\nfour\rfive\r\n\r\n\n\rsix";
const TEXTS = ["", "one", "a\nb\n", "a\r\nb\r\n", "a\rb\r", "\n\r\n\r\r\n", "\r\n", MIXED];

/** The state of a code editor, as the page makes it. @param {string} text */
const stateOf = (text, more = []) =>
  EditorState.create({ doc: text, extensions: [history(), keptBreaks(text), more] });

/** A code editor without a page. @param {EditorState} state */
function viewOf(state) {
  const view = {
    state,
    dispatch: (...specs) => {
      const [first] = specs;
      view.state = first.startState ? first.state : view.state.update(...specs).state;
    },
  };
  return view;
}

/** @param {{ state: EditorState }} view */
const text = ({ state }) => String(textOf(state));

test("a text that is opened is the same text, and as long", () => {
  for (const given of TEXTS) {
    const found = textOf(stateOf(given));
    assert.deepEqual([String(found), found.length], [given, given.length]);
  }
});

test("a letter changes no line break, and a new line has the usual one", () => {
  for (const given of TEXTS) {
    const view = viewOf(stateOf(given));
    view.dispatch({ changes: { from: view.state.doc.length, insert: "x" } });
    assert.equal(text(view), `${given}x`);
  }
  const view = viewOf(stateOf(MIXED));
  view.dispatch({ changes: { from: 2, insert: "\n" } });
  assert.equal(text(view), MIXED.replace("one", "on\r\ne"));
  assert.deepEqual(
    [usualBreak("a\rb"), usualBreak("a\nb\r\n"), usualBreak("a")],
    ["\r", "\n", null],
  );
});

test("undo brings a removed line break back, whichever it was, and redo takes it away", () => {
  const view = viewOf(stateOf("one\r\ntwo\nthree\r\n"));
  view.dispatch({ changes: { from: 7, to: 8 }, userEvent: "delete" });
  view.dispatch({ changes: { from: 7, insert: "x" }, userEvent: "input.type" });
  assert.equal(text(view), "one\r\ntwoxthree\r\n");

  while (undo(view));
  assert.equal(text(view), "one\r\ntwo\nthree\r\n");
  while (redo(view));
  assert.equal(text(view), "one\r\ntwoxthree\r\n");
});

test("however a text is changed, undo leads back to each one before", () => {
  let seed = 7;
  const random = (below) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (const given of TEXTS) {
    const view = viewOf(stateOf(given));
    const texts = [given];
    for (let step = 0; step < 60; step++) {
      const { length } = view.state.doc;
      const from = random(length + 1);
      const to = Math.min(length, from + random(4));
      const insert = TEXTS[random(TEXTS.length)].slice(0, 9);
      if (random(3) === 0) {
        const change = changeTo(view.state, text(view).slice(from) + insert);
        if (change) view.dispatch({ ...change, userEvent: `one.${step}` });
      } else if (random(2) === 0) {
        view.dispatch({ ...replaceRange(view.state, { from, to, text: insert }) });
      } else view.dispatch({ changes: { from, to, insert: withLineFeeds(insert) } });
      assert.equal(textOf(view.state).length, text(view).length);
      assert.equal(withLineFeeds(text(view)), view.state.doc.toString());
      texts.push(text(view));
    }
    const undone = [text(view)];
    while (undo(view)) undone.push(text(view));
    assert.equal(undone.at(-1), given);
    for (const one of undone) assert.ok(texts.includes(one), JSON.stringify(one));
    while (redo(view));
    assert.equal(text(view), texts.at(-1));
  }
});

test("a text that was changed elsewhere is taken over, and the cursor stays in its word", () => {
  const before = "one\r\ntwo\r\nthree\r\nfour\r\n";
  const view = viewOf(stateOf(before));
  view.dispatch({ selection: EditorSelection.cursor(16) });
  view.dispatch(changeTo(view.state, before.replace("two", "second")));

  assert.equal(text(view), before.replace("two", "second"));
  assert.equal(view.state.selection.main.head, 19);
  assert.equal(changeTo(view.state, text(view)), null);
  undo(view);
  assert.equal(text(view), before);
});

test("a text with other line breaks only is another text, until that is undone", () => {
  const view = viewOf(stateOf("a\r\nb\r\n"));
  const change = view.state.update(changeTo(view.state, "a\nb\n"));
  assert.equal(isTextChanged(change), true);
  view.dispatch(change);

  assert.equal(text(view), "a\nb\n");
  assert.equal(undoDepth(view.state), 1);
  undo(view);
  assert.equal(text(view), "a\r\nb\r\n");
  view.dispatch(changeTo(view.state, "one line"));
  assert.equal(newLineOf(view.state), "\r\n");
});

test("a name from another file is imported at the right place of a text with any line break", () => {
  for (const lineBreak of ["\n", "\r\n", "\r"]) {
    const lines = ['import { a } from "./a.ts";', "", "const b = 1;", "const c = dou"];
    const main = lines.join(lineBreak);
    const workspace = new Workspace({ slug: "x" });
    workspace.load(1, [
      { path: "lib/numbers.ts", text: `export const double = 2;${lineBreak}`, base64: null },
      { path: "main.ts", text: main, base64: null },
    ]);
    const view = viewOf(stateOf(main, javascript({ typescript: true })));
    const end = view.state.doc.length;
    ensureSyntaxTree(view.state, end, 30_000);
    const file = { workspace, path: "main.ts", index: new ExportIndex(workspace) };
    const { from, options } = ownNames(new CompletionContext(view.state, end, false), file);
    options[0].apply(view, options[0], from, end);

    const imported = [lines[0], 'import { double } from "./lib/numbers.ts";', "", lines[2]];
    assert.equal(text(view), [...imported, "const c = double"].join(lineBreak));
    assert.equal(view.state.selection.main.head, view.state.doc.length);
  }
});

test("exports are found with their line and comment in a text with any line break", () => {
  const source = "// Twice.\n// A number.\nexport function double(\n  value: number,\n) {\n}\n";
  const expected = exportsOf(source);
  assert.deepEqual([expected[0].line, expected[0].doc], [3, "Twice.\nA number."]);

  for (const lineBreak of ["\r\n", "\r"])
    assert.deepEqual(exportsOf(source.replaceAll("\n", lineBreak)), expected);
});

test("a search finds lines whatever breaks them, and a replacement keeps what does", () => {
  const wanted = { text: "t(..|wo\\nthre)e", matchCase: true, isExpression: true };
  const { files } = search([{ path: "a", text: MIXED }], { ...wanted, replacement: "[$1]" });
  const [{ hits, replaced }] = files;

  assert.deepEqual(
    hits.map(({ line, column }) => [line, column]),
    [[2, 1]],
  );
  assert.equal(replaced, "one\r\n[wo\r\nthre]\r\nfour\rfive\r\n\r\n\n\rsix");

  const letters = { text: "[a-z]+$", matchCase: true, isExpression: true, replacement: "$&!" };
  const ends = search([{ path: "a", text: MIXED }], letters).files[0];
  assert.equal(ends.replaced, MIXED.replaceAll(/[a-z]+/g, "$&!"));
  assert.deepEqual(
    ends.hits.map(({ line, after }) => [line, after]),
    [
      [1, ""],
      [2, ""],
      [3, ""],
      [4, ""],
      [5, ""],
      [9, ""],
    ],
  );
});

test("positions in the text with line feeds are found in the text itself", () => {
  const position = positionsIn(MIXED);
  const normal = withLineFeeds(MIXED);
  for (let at = 0; at < normal.length; at++) {
    const place = position(at);
    if (normal[at] !== "\n") assert.equal(MIXED[place], normal[at]);
    else assert.match(MIXED.slice(place), /^(?:\r\n?|\n)/);
  }
});

const BASE = "one\ntwo\nthree\nfour\nfive\n";
const crLf = (/** @type {string} */ text) => text.replaceAll("\n", "\r\n");

test("line breaks that one side has changed are no clash, and the result has them", () => {
  const mine = BASE.replace("one", "ONE");
  const theirs = BASE.replace("five", "FIVE");
  const both = mine.replace("five", "FIVE");

  assert.deepEqual(mergeTexts(crLf(mine), BASE, theirs), [{ text: crLf(both) }]);
  assert.deepEqual(mergeTexts(mine, BASE, crLf(theirs)), [{ text: crLf(both) }]);
  assert.deepEqual(mergeTexts(mine, crLf(BASE), crLf(theirs)), [{ text: both }]);
  assert.deepEqual(mergeTexts("ONE", crLf("one\n"), crLf("one\n")), [{ text: "ONE" }]);
  const added = mergeTexts(crLf("a\nb\n"), "", "a\nb\n");
  assert.deepEqual(added, [{ text: "a\r\nb\r\n" }]);
});

test("texts that differ only in line breaks are settled", () => {
  const tree = (/** @type {string} */ value) => new Map([["a.ts", { text: value }]]);
  const changed = BASE.replace("two", "TWO");

  const [file] = mergeTrees(tree(BASE), tree(crLf(changed)), tree(changed));
  assert.deepEqual([file.kind, file.content], ["settled", { text: crLf(changed) }]);
});

test("lines of a mixed text are merged with the breaks that they have", () => {
  const mine = MIXED.replace("two", "TWO");
  const theirs = MIXED.replace("six", "SIX");

  assert.deepEqual(mergeTexts(mine, MIXED, theirs), [{ text: mine.replace("six", "SIX") }]);
  const pieces = mergeTexts("a\rb\rc\r", "a\rx\rc\r", "a\ry\rc\r");
  assert.deepEqual(pieces, [
    { text: "a\r" },
    { mine: "b\r", base: "x\r", theirs: "y\r" },
    { text: "c\r" },
  ]);
});

test("a clash is found in the document of the merge, and a choice keeps its line breaks", () => {
  const mine = "top\r\n\r\nmine\r\nmy\nend\r\n";
  const theirs = "top\n\ntheirs\ntheir\nend\n";
  const pieces = mergeTexts(mine, "top\n\nbase\nold\nend\n", theirs);
  const view = viewOf(stateOf(joined(pieces)));
  const [{ from, to, clash }] = placesOf(pieces);

  assert.equal(pieces.filter(isClash).length, 1);
  assert.equal(view.state.sliceDoc(from, to), withLineFeeds(clash.mine));
  assert.equal(text(view), mine);
  view.dispatch(replaceRange(view.state, { from, to, text: clash.theirs }));
  assert.equal(text(view), "top\r\n\r\ntheirs\r\ntheir\r\nend\r\n");
  undo(view);
  assert.equal(text(view), mine);
});
