// @ts-check
/** The keys of the workspace, which work wherever the focus is. */
import { useListener } from "../../lib/listener.js";

/**
 * @typedef {{ workspace: import("./files.js").Workspace, choose: (panel: string) => void,
 *   help: () => void }} Acts
 */

/** What the sheet of keys lists: those of the workspace, of its panels and of the code editor. */
export const KEYS = [
  { keys: ["Ctrl+S"], does: "Save a version" },
  { keys: ["Ctrl+Enter"], does: "Run a request" },
  { keys: ["Ctrl+Shift+F"], does: "Search all files" },
  { keys: ["Ctrl+F"], does: "Search this file" },
  { keys: ["F8"], does: "Go to the next problem" },
  { keys: ["Shift+Alt+F"], does: "Format this file" },
  { keys: ["Ctrl+Space"], does: "Complete what you type" },
  { keys: ["F12"], does: "Go to the definition" },
  { keys: ["Ctrl+/"], does: "Comment a line, or take the comment away" },
  { keys: ["Alt+Up", "Alt+Down"], does: "Move a line" },
  { keys: ["Ctrl+D"], does: "Select the next match too" },
  { keys: ["Alt+W"], does: "Close this file" },
  { keys: ["Alt+1"], does: "Go to the files" },
  { keys: ["Alt+2"], does: "Go to the code" },
  { keys: ["Alt+3"], does: "Go to the panels" },
  { keys: ["F2", "Delete"], does: "Rename or delete the file, in the list of files" },
  { keys: ["Escape", "Tab"], does: "Leave the code, where Tab indents" },
  { keys: ["F1"], does: "Show these keys" },
];

/** @param {Acts} acts */
export function useKeys(acts) {
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    // In a dialog, they would act on what is behind it.
    const isInDialog = /** @type {Element} */ (event.target).closest?.("dialog");
    const act = isInDialog ? null : actOf(event, acts);
    if (!act) return;
    event.preventDefault();
    // The code editor has other uses of some of these keys.
    event.stopPropagation();
    act();
  };
  useListener(window, "keydown", pressed, { capture: true });
}

/** @param {KeyboardEvent} event @param {Acts} acts @returns {(() => void) | null} */
function actOf(event, { workspace, choose, help }) {
  if (event.key === "F1" || (event.key === "?" && !isTyping(event))) return help;
  if (event.altKey) return event.ctrlKey || event.metaKey ? null : actWithAlt(event, workspace);
  if (!event.ctrlKey && !event.metaKey) return null;
  const key = event.key.toLowerCase();
  if (key === "s" && !event.shiftKey) return () => void workspace.save();
  if (key === "f" && event.shiftKey) return () => choose("search");
  if (key === "enter" && !event.shiftKey && !hasOwnEnter(event)) return () => choose("run");
  return null;
}

/** By the place of the key: with Alt, some keyboards write another letter. @param {KeyboardEvent} event @param {import("./files.js").Workspace} workspace */
function actWithAlt({ code, shiftKey }, workspace) {
  if (shiftKey) return null;
  const { current } = workspace;
  if (code === "KeyW" && current) return () => workspace.close(current.path);
  if (code === "Digit1") return () => focusOn(".files-tree [tabindex='0']");
  if (code === "Digit2") return () => workspace.focus();
  if (code === "Digit3") return () => focusOn(".panel-tabs [tabindex='0']");
  return null;
}

/** Whether a field evaluates its text instead. @param {KeyboardEvent} event */
const hasOwnEnter = ({ target }) =>
  Boolean(/** @type {Element} */ (target).closest?.("[data-own-enter]"));

/** @param {string} selector */
const focusOn = (selector) =>
  /** @type {HTMLElement | null} */ (document.querySelector(selector))?.focus();

/** Whether the key writes a letter where the focus is. @param {KeyboardEvent} event */
function isTyping(event) {
  const [target] = event.composedPath();
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("input, textarea, select"))
  );
}
