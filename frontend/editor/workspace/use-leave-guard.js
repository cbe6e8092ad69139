// @ts-check
/** Asks before the page is closed, when something would be lost. */
import { useEffect } from "preact/hooks";

/** @param {import("./files.js").Workspace} workspace */
export function useLeaveGuard(workspace) {
  useEffect(() => {
    const leaving = (/** @type {BeforeUnloadEvent} */ event) => {
      if (workspace.isAtRisk) event.preventDefault();
    };
    addEventListener("beforeunload", leaving);
    return () => removeEventListener("beforeunload", leaving);
  }, [workspace]);
}
