// @ts-check
/** The store of the workspace in a component. */
import { useLayoutEffect, useState } from "preact/hooks";

/** @typedef {import("./files.js").Workspace} Workspace */

/** Renders the component again when the workspace changes. @param {Workspace} workspace */
export function useWorkspace(workspace) {
  const [, count] = useState(0);
  useLayoutEffect(() => workspace.subscribe(() => count((before) => before + 1)), [workspace]);
  return workspace;
}
