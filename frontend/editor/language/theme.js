// @ts-check
/** How completion and documentation look. */
import { EditorView } from "@codemirror/view";

export const languageTheme = EditorView.theme({
  ".cm-tooltip.cm-tooltip-autocomplete > ul": {
    fontFamily: "var(--mono)",
    maxHeight: "14rem",
    maxWidth: "min(36rem, 90vw)",
  },
  ".cm-completionDetail": {
    color: "var(--ink-3)",
    fontStyle: "normal",
    marginInlineStart: "0.75em",
  },
  ".cm-tooltip-autocomplete ul li[aria-selected] .cm-completionDetail": { color: "inherit" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-documentation": { padding: "0.5rem 0.75rem", maxWidth: "min(30rem, 85vw)" },
  ".cm-documentation code": { fontFamily: "var(--mono)", whiteSpace: "pre-wrap" },
  ".cm-documentation p": { margin: "0.375rem 0 0", color: "var(--ink-2)", whiteSpace: "pre-line" },
});
