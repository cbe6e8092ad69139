// @ts-check
/** Formatting of the open file by the server, which keeps the cursor at its place. */
import { keymap } from "@codemirror/view";
import { gql } from "../../lib/documents.js";
import { ask } from "../../lib/gql.js";
import { say, sayRefused } from "../../lib/parts.js";
import { withLineFeeds } from "../workspace/line-breaks.js";

const FORMAT = gql(`mutation FormatScriptFile($input: FormatScriptFileInput!) {
  formatScriptFile(input: $input) { text diagnostic { message line column } }
}`);

const FORMATTED = /\.(?:tsx?|mts|jsx?|mjs|jsonc?|css|html|md)$/i;

/** Shift-Alt-F. @param {import("./completion.js").File} file */
export const formatting = (file) =>
  keymap.of([
    {
      key: "Shift-Alt-f",
      run: (view) => {
        if (view.state.readOnly) return false;
        void format(view, file);
        return true;
      },
    },
  ]);

/** @param {import("@codemirror/view").EditorView} view @param {import("./completion.js").File} file */
async function format(view, { path, workspace }) {
  if (!FORMATTED.test(path)) {
    say(
      `${path} can't be formatted: files in TypeScript, JavaScript, JSON, CSS, HTML and Markdown can.`,
    );
    return;
  }
  const { doc } = view.state;
  try {
    const { formatScriptFile } = await ask(FORMAT, { input: { path, text: doc.toString() } });
    const { text, diagnostic } = formatScriptFile;
    if (diagnostic) {
      const { line, column, message } = diagnostic;
      if (line) workspace.open(path, { line, column: column ?? 1 });
      say(`Not formatted: ${message}`);
    } else if (view.state.doc !== doc) say("The text has changed meanwhile; format it again.");
    else if (text !== null) await replace(view, withLineFeeds(text));
  } catch (refused) {
    sayRefused(refused);
  }
}

/** Changes only what differs. @param {import("@codemirror/view").EditorView} view @param {string} text */
async function replace(view, text) {
  const { diff } = await import("@codemirror/merge");
  const before = view.state.doc.toString();
  const found = diff(before, text, { scanLimit: 1_000, timeout: 500 });
  const changes = found.map(({ fromA, toA, fromB, toB }) => ({
    from: fromA,
    to: toA,
    insert: text.slice(fromB, toB),
  }));
  if (changes.length > 0) view.dispatch({ changes, userEvent: "format" });
  say(changes.length > 0 ? "Formatted." : "Nothing to format.");
}
