// @ts-check
/**
 * A page's text without inline styles, event handlers and `base`, which the policy would report when it is
 * parsed. Styles are kept under other names; what is missed here is refused by the policy.
 */
import { htmlLanguage } from "@codemirror/lang-html";

/** What the attribute `style` is called until the page is drawn. */
export const STYLE = "data-run-style";
/** The type of the scripts, which are none, that hold style sheets until then. */
export const SHEET = "text/x-run-sheet";

/** @typedef {{ from: number, to: number, text: string }} Edit */

/** @param {string} text */
export function quiet(text) {
  const edits = editsOf(text);
  let [quieted, done] = ["", 0];
  for (const edit of edits) {
    quieted += text.slice(done, edit.from) + edit.text;
    done = edit.to;
  }
  return quieted + text.slice(done);
}

/** @param {string} text */
function editsOf(text) {
  /** @type {Edit[]} */
  const edits = [];
  htmlLanguage.parser.parse(text).iterate({
    enter({ name, from, to, node }) {
      const word = text.slice(from, to).toLowerCase();
      if (name === "AttributeName" && (word === "style" || word.startsWith("on"))) {
        edits.push({ from, to, text: `data-run-${word}` });
      } else if (name === "TagName" && word === "style") {
        const isEnd = node.parent?.name === "CloseTag";
        edits.push({ from, to, text: isEnd ? "script" : `script type="${SHEET}"` });
      } else if (name === "TagName" && word === "base") {
        // Another element of the head, which is taken out and changes no address before.
        edits.push({ from, to, text: "meta" });
      }
    },
  });
  return edits;
}
