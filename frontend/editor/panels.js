// @ts-check
/** The panels beside the code, in the order of their tabs. */

/**
 * @typedef {import("../types/documents").EditorScriptData} EditorScriptData
 * @typedef {NonNullable<EditorScriptData["script"]> & { viewerMayChange: boolean }} EditorScript
 *   viewerMayChange: whether the viewer owns it or is an administrator
 * @typedef {{ script: EditorScript, workspace: import("./workspace/files.js").Workspace }} PanelProps
 * @typedef {keyof typeof import("./panel-components.js").COMPONENTS} PanelId
 * @typedef {{ id: PanelId, label: string, icon: import("../lib/icons.js").IconName,
 *   forOwners: boolean }} Panel
 *   forOwners: only owners and administrators see it
 */

/** @type {readonly Panel[]} */
export const PANELS = [
  { id: "search", label: "Search", icon: "search", forOwners: false },
  { id: "problems", label: "Problems", icon: "alert", forOwners: false },
  { id: "run", label: "Run", icon: "play", forOwners: true },
  { id: "log", label: "Log", icon: "lines", forOwners: true },
  { id: "history", label: "History", icon: "clock", forOwners: false },
  { id: "tests", label: "Tests", icon: "duties", forOwners: true },
  { id: "data", label: "Data", icon: "database", forOwners: true },
  { id: "settings", label: "Settings", icon: "gear", forOwners: true },
];
