// @ts-check
/** Documentation of the name under the pointer. */
import { syntaxTree } from "@codemirror/language";
import { hoverTooltip } from "@codemirror/view";
import { chainAt } from "./chains.js";
import { definitionOf } from "./definitions.js";
import { documentation } from "./documentation.js";

/** @typedef {import("./completion.js").File} File */

const NO_NAMES = new Set(["String", "LineComment", "BlockComment", "RegExp", "JSXText"]);

/** @param {File} file */
export const hover = (file) =>
  hoverTooltip(async (view, at) => {
    const line = view.state.doc.lineAt(at);
    const chain = chainAt(line.text, at - line.from);
    if (!chain || NO_NAMES.has(syntaxTree(view.state).resolveInner(at, 1).name)) return null;
    const known = await knownName(chain.path, file, view.state.sliceDoc(0, 20_000));
    if (!known) return null;
    return {
      pos: line.from + chain.from,
      end: line.from + chain.to,
      create: () => ({ dom: documentation(known) }),
    };
  });

/**
 * A name of the interface, or an export of the script.
 * @param {string} path @param {File} file @param {string} head the first lines of the file
 */
export async function knownName(path, file, head) {
  const { formOfScript, interfaceOf } = await import("./interface-of.js");
  const name = interfaceOf(formOfScript(file.workspace)).find(path);
  if (name) return name;
  const own = definitionOf(path, file, head);
  return own?.found
    ? { path: own.found.signature, signature: `\n${own.path}`, doc: own.found.doc }
    : null;
}
