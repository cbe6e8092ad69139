// @ts-check
/** The panels beside the code, in the order of their tabs. */
import { DataPanel } from "./data/data-panel.js";
import { HistoryPanel } from "./history/history-panel.js";
import { LogPanel } from "./log/log-panel.js";
import { ProblemsPanel } from "./problems/problems-panel.js";
import { RunPanel } from "./run/run-panel.js";
import { SearchPanel } from "./search/search-panel.js";
import { SettingsPanel } from "./settings/settings-panel.js";
import { TestsPanel } from "./tests/tests-panel.js";

/**
 * @typedef {import("../types/documents").EditorScriptData} EditorScriptData
 * @typedef {NonNullable<EditorScriptData["script"]> & { viewerMayChange: boolean }} EditorScript
 *   viewerMayChange: whether the viewer owns it or is an administrator
 * @typedef {{ script: EditorScript, workspace: import("./workspace/files.js").Workspace }} PanelProps
 * @typedef {{ id: string, label: string, icon: import("../lib/icons.js").IconName,
 *   component: (props: PanelProps) => unknown, forOwners: boolean }} Panel
 *   forOwners: only owners and administrators see it
 */

/** @type {readonly Panel[]} */
export const PANELS = [
  { id: "search", label: "Search", icon: "search", component: SearchPanel, forOwners: false },
  { id: "problems", label: "Problems", icon: "alert", component: ProblemsPanel, forOwners: false },
  { id: "run", label: "Run", icon: "play", component: RunPanel, forOwners: true },
  { id: "log", label: "Log", icon: "lines", component: LogPanel, forOwners: true },
  { id: "history", label: "History", icon: "clock", component: HistoryPanel, forOwners: false },
  { id: "tests", label: "Tests", icon: "duties", component: TestsPanel, forOwners: true },
  { id: "data", label: "Data", icon: "database", component: DataPanel, forOwners: true },
  { id: "settings", label: "Settings", icon: "gear", component: SettingsPanel, forOwners: true },
];
