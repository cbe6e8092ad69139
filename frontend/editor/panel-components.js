// @ts-check
/** What the panels show: one file, loaded once a panel opens (`workspace/panel-content.js`). */
import { DataPanel } from "./data/data-panel.js";
import { HistoryPanel } from "./history/history-panel.js";
import { LogPanel } from "./log/log-panel.js";
import { ProblemsPanel } from "./problems/problems-panel.js";
import { RunPanel } from "./run/run-panel.js";
import { SearchPanel } from "./search/search-panel.js";
import { SettingsPanel } from "./settings/settings-panel.js";
import { TestsPanel } from "./tests/tests-panel.js";

export const COMPONENTS = {
  search: SearchPanel,
  problems: ProblemsPanel,
  run: RunPanel,
  log: LogPanel,
  history: HistoryPanel,
  tests: TestsPanel,
  data: DataPanel,
  settings: SettingsPanel,
};
