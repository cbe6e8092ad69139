// @ts-check
/** How the code looks. The colours are properties of the page, so that its theme is this one's. */
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const look = EditorView.theme({
  "&": { height: "100%", color: "var(--ink)", backgroundColor: "var(--surface)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", fontSize: "0.8125rem", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--ink)", paddingBottom: "30vh" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--ink)", borderLeftWidth: "2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    { background: "var(--code-selection)" },
  ".cm-gutters": {
    color: "var(--ink-3)",
    backgroundColor: "var(--surface-2)",
    borderRight: "1px solid var(--line)",
  },
  ".cm-activeLine": { backgroundColor: "var(--code-line)" },
  ".cm-activeLineGutter": { color: "var(--ink)", backgroundColor: "var(--surface-3)" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": {
    backgroundColor: "var(--accent-soft)",
    outline: "1px solid var(--line-strong)",
  },
  ".cm-selectionMatch": { backgroundColor: "var(--accent-soft)" },
  ".cm-searchMatch": { backgroundColor: "var(--mark)", color: "var(--mark-ink)" },
  ".cm-searchMatch-selected": { outline: "2px solid var(--accent)" },
  ".cm-foldPlaceholder": {
    color: "var(--ink-2)",
    backgroundColor: "var(--surface-3)",
    border: "1px solid var(--line-strong)",
  },
  ".cm-panels": {
    color: "var(--ink)",
    backgroundColor: "var(--surface-2)",
    fontFamily: "var(--font)",
  },
  ".cm-panels-top": { borderBottom: "1px solid var(--line)" },
  ".cm-panels-bottom": { borderTop: "1px solid var(--line)" },
  ".cm-textfield": {
    color: "var(--ink)",
    backgroundColor: "var(--surface)",
    border: "1px solid var(--line-strong)",
    borderRadius: "var(--radius-s)",
  },
  ".cm-button": {
    color: "var(--ink)",
    background: "var(--surface)",
    border: "1px solid var(--line-strong)",
    borderRadius: "var(--radius-s)",
  },
  ".cm-tooltip": {
    color: "var(--ink)",
    backgroundColor: "var(--surface)",
    border: "1px solid var(--line-strong)",
    borderRadius: "var(--radius-s)",
    boxShadow: "var(--shadow)",
    fontFamily: "var(--font)",
    fontSize: "0.8125rem",
  },
  ".cm-tooltip-autocomplete ul li[aria-selected]": {
    color: "var(--accent-soft-ink)",
    background: "var(--accent-soft)",
  },
  ".cm-specialChar": { color: "var(--danger)" },
});

const colours = HighlightStyle.define([
  { tag: tags.comment, color: "var(--code-comment)", fontStyle: "italic" },
  {
    tag: [tags.keyword, tags.modifier, tags.operatorKeyword, tags.self],
    color: "var(--code-keyword)",
  },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-string)" },
  { tag: [tags.regexp, tags.escape], color: "var(--code-escape)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--code-number)" },
  {
    tag: [tags.function(tags.variableName), tags.function(tags.propertyName)],
    color: "var(--code-function)",
  },
  { tag: [tags.typeName, tags.className, tags.namespace], color: "var(--code-type)" },
  { tag: [tags.tagName, tags.angleBracket], color: "var(--code-keyword)" },
  { tag: [tags.attributeName, tags.propertyName], color: "var(--code-property)" },
  { tag: tags.heading, fontWeight: "700" },
  { tag: tags.strong, fontWeight: "700" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: [tags.link, tags.url], color: "var(--code-function)", textDecoration: "underline" },
  { tag: tags.invalid, color: "var(--danger)" },
]);

/** @type {import("@codemirror/state").Extension} */
export const theme = [look, syntaxHighlighting(colours)];
