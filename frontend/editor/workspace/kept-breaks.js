// @ts-check
/**
 * The line breaks of a file in the code editor, whose documents have line feeds only. Lines keep their
 * breaks, even in a file with several kinds; a new line gets the usual one. Undo restores both.
 */
import { invertedEffects } from "@codemirror/commands";
import { RangeSet, RangeValue, StateEffect, StateField } from "@codemirror/state";
import { otherBreaks, usualBreak, withLineFeeds } from "./line-breaks.js";
import { replacement } from "./replacement.js";

/**
 * @typedef {import("@codemirror/state").EditorState} EditorState
 * @typedef {import("@codemirror/state").Text} Document
 * @typedef {import("@codemirror/state").Transaction} Transaction
 * @typedef {import("@codemirror/state").TransactionSpec} TransactionSpec
 * @typedef {{ usual: string, others: RangeSet<Other> }} Breaks
 *   others: the lines' ends that are broken in another way than usual
 */

/** A line break that is not the usual one; its range is the line feed in the document. */
class Other extends RangeValue {
  startSide = 1;
  endSide = -1;

  /** @param {string} lineBreak */
  constructor(lineBreak) {
    super();
    this.lineBreak = lineBreak;
  }

  /** @param {RangeValue} other */
  eq(other) {
    return other instanceof Other && other.lineBreak === this.lineBreak;
  }
}

/** @type {import("@codemirror/state").StateEffectType<Breaks>} */
const setBreaks = StateEffect.define({
  map: ({ usual, others }, changes) => ({ usual, others: others.map(changes) }),
});

/** @type {StateField<Breaks>} */
const field = StateField.define({
  create: () => ({ usual: "\n", others: RangeSet.empty }),
  update(breaks, { changes, effects }) {
    let now = mapped(breaks, changes);
    for (const effect of effects) if (effect.is(setBreaks)) now = effect.value;
    return now;
  },
});

/** Keeps the line breaks of a text, with which the state begins. @param {string} text */
export const keptBreaks = (text) => [
  field.init(() => breaksOf(text, "\n")),
  invertedEffects.of(whatRestores),
];

/** The line break of a new line. @param {EditorState} state */
export const newLineOf = (state) => state.field(field).usual;

/** Whether the text is another one, if only by its line breaks. @param {import("@codemirror/view").ViewUpdate} update */
export const isTextChanged = ({ docChanged, startState, state }) =>
  docChanged || startState.field(field) !== state.field(field);

/**
 * The text of a state with its line breaks, which is made when somebody reads it.
 * @param {EditorState} state @returns {import("./files.js").Text}
 */
export function textOf(state) {
  const { doc } = state;
  const breaks = state.field(field);
  return { length: lengthOf(doc, breaks), toString: () => joined(doc, breaks) };
}

/**
 * The smallest change that makes the text of another one; null when it is the same.
 * @param {EditorState} state @param {string} text @returns {TransactionSpec | null}
 */
export function changeTo(state, text) {
  if (textOf(state).toString() === text) return null;
  return {
    changes: replacement(state.doc.toString(), withLineFeeds(text)) ?? undefined,
    effects: setBreaks.of(breaksOf(text, newLineOf(state))),
  };
}

/**
 * Puts a text in the place of a range; its lines keep their breaks.
 * @param {EditorState} state @param {{ from: number, to: number, text: string }} part
 * @returns {TransactionSpec}
 */
export function replaceRange(state, { from, to, text }) {
  const insert = withLineFeeds(text);
  const changes = state.changes({ from, to, insert });
  const { usual, others } = mapped(state.field(field), changes);
  const end = from + insert.length;
  const now = others.update({
    filterFrom: from,
    filterTo: end,
    filter: (start) => start < from || start >= end,
    add: rangesOf(text, usual, from),
  });
  return { changes, effects: setBreaks.of({ usual, others: now }) };
}

/** @param {string} text @param {string} newLine of a text without line breaks @returns {Breaks} */
function breaksOf(text, newLine) {
  const usual = usualBreak(text) ?? newLine;
  return { usual, others: RangeSet.of(rangesOf(text, usual, 0)) };
}

/** @param {string} text @param {string} usual @param {number} from */
const rangesOf = (text, usual, from) =>
  otherBreaks(text, usual).map(({ at, lineBreak }) =>
    new Other(lineBreak).range(from + at, from + at + 1),
  );

/** @param {Breaks} breaks @param {import("@codemirror/state").ChangeDesc} changes @returns {Breaks} */
const mapped = (breaks, changes) =>
  changes.empty || breaks.others.size === 0
    ? breaks
    : { usual: breaks.usual, others: breaks.others.map(changes) };

/** For undo: what a change takes away with a line's end. @param {Transaction} change */
function whatRestores({ startState, changes, effects }) {
  const breaks = startState.field(field);
  const isLost = effects.some((effect) => effect.is(setBreaks)) || removes(changes, breaks);
  return isLost ? [setBreaks.of(breaks)] : [];
}

/** @param {import("@codemirror/state").ChangeSet} changes @param {Breaks} breaks */
function removes(changes, { others }) {
  let isRemoved = false;
  if (others.size === 0) return isRemoved;
  changes.iterChangedRanges((from, to) => {
    others.between(from, to, (start, end) => {
      isRemoved ||= start < to && end > from;
    });
  });
  return isRemoved;
}

/** The other breaks that are still ends of lines. @param {Document} doc @param {Breaks} breaks */
function othersIn(doc, { usual, others }) {
  /** @type {Map<number, string>} */
  const found = new Map();
  for (const cursor = others.iter(); cursor.value; cursor.next()) {
    const { from, to, value } = cursor;
    if (to - from === 1 && isBreak(doc, from)) found.set(from, value.lineBreak);
  }
  const breakAt = (/** @type {number} */ at) =>
    found.get(at) ?? (isBreak(doc, at) ? usual : undefined);
  return [...found].map(([at, lineBreak]) => {
    // A line was emptied: its end and the one before would be read as a single line break.
    const isPair =
      lineBreak === "\r"
        ? breakAt(at + 1) === "\n"
        : lineBreak === "\n" && breakAt(at - 1) === "\r";
    return { at, lineBreak: isPair ? "\r\n" : lineBreak };
  });
}

/** @param {Document} doc @param {number} at */
const isBreak = (doc, at) => at >= 0 && doc.sliceString(at, at + 1) === "\n";

/** @param {Document} doc @param {Breaks} breaks */
function lengthOf(doc, breaks) {
  const { usual } = breaks;
  let length = doc.length + (doc.lines - 1) * (usual.length - 1);
  for (const { lineBreak } of othersIn(doc, breaks)) length += lineBreak.length - usual.length;
  return length;
}

/** @param {Document} doc @param {Breaks} breaks */
function joined(doc, breaks) {
  let [text, start] = ["", 0];
  for (const { at, lineBreak } of othersIn(doc, breaks)) {
    text += doc.sliceString(start, at, breaks.usual) + lineBreak;
    start = at + 1;
  }
  return text + doc.sliceString(start, doc.length, breaks.usual);
}
