// @ts-check
/** The interface of the script in a workspace: loaded once somebody completes or hovers. */
import { formOf, interfaceOf } from "./interface.js";

/** The names that an entry file has when nobody chose one. */
const ENTRIES = ["main.ts", "main.tsx", "main.js", "main.jsx"];

/** @param {import("../workspace/files.js").Workspace} workspace */
export function formOfScript(workspace) {
  const entry = workspace.entry ?? ENTRIES.find((path) => workspace.has(path));
  return formOf((entry && workspace.text(entry)) ?? "");
}

export { interfaceOf };
