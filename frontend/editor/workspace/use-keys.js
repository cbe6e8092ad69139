// @ts-check
/** The keys of the workspace, which work wherever the focus is. */
import { useEffect } from "preact/hooks";

/**
 * @typedef {{ workspace: import("./files.js").Workspace, choose: (panel: string) => void }} Keys
 */

/** @param {Keys} keys */
export function useKeys({ workspace, choose }) {
  useEffect(() => {
    const pressed = (/** @type {KeyboardEvent} */ event) => {
      const act = actOf(event, { workspace, choose });
      if (!act) return;
      event.preventDefault();
      // The code editor has other uses of some of these keys.
      event.stopPropagation();
      act();
    };
    addEventListener("keydown", pressed, { capture: true });
    return () => removeEventListener("keydown", pressed, { capture: true });
  });
}

/** @param {KeyboardEvent} event @param {Keys} keys @returns {(() => void) | null} */
function actOf(event, { workspace, choose }) {
  const isMod = event.ctrlKey || event.metaKey;
  if (!isMod || event.altKey) return null;
  const key = event.key.toLowerCase();
  if (key === "s" && !event.shiftKey) return () => void workspace.save();
  if (key === "f" && event.shiftKey) return () => choose("search");
  if (key === "enter" && !event.shiftKey) return () => choose("run");
  return null;
}
