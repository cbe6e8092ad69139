// @ts-check
/** The panel Problems: what is wrong with the files, as they are in the editor. */
import { html } from "htm/preact";
import { count } from "../../lib/format.js";
import { oneLine, onOneLine, untrusted } from "../../lib/untrusted-text.js";
import { useWorkspace } from "../workspace/use-workspace.js";
import { byFile } from "./order.js";
import { useChecksOf } from "./use-checks.js";

/** @typedef {import("../workspace/files.js").Workspace} Workspace */

/** @type {Record<string, string>} */
const SOURCES = { load: "dry load", types: "types", syntax: "syntax" };

/** @param {import("../panels.js").PanelProps} props */
export function ProblemsPanel({ workspace }) {
  useWorkspace(workspace);
  const checks = useChecksOf(workspace);
  const groups = byFile(workspace.problems);
  return html`<header class="problems-head">
      <p role="status">${stateOf(workspace, checks.state, groups)}</p>
      ${
        workspace.canChange &&
        html`<button
          class="btn small"
          disabled=${checks.state === "running"}
          onClick=${() => void checks.now()}
        >
          Check now
        </button>`
      }
    </header>
    ${checks.notes.map((note) => html`<p class="notice" key=${note}>${untrusted(note)}</p>`)}
    ${groups.map(
      ({ file, problems }) =>
        html`<section class="problems-file" key=${file ?? ""} aria-label=${file ?? "Script"}>
          <h3>${file === null ? "The script" : oneLine(file)}</h3>
          <ul>
            ${problems.map(
              (one) =>
                html`<li key=${`${one.source}:${one.line}:${one.column}:${one.message}`}>
                  <${Line} problem=${one} workspace=${workspace} />
                </li>`,
            )}
          </ul>
        </section>`,
    )}`;
}

/** @param {Workspace} workspace @param {string} state @param {ReturnType<typeof byFile>} groups */
function stateOf(workspace, state, groups) {
  if (!workspace.canChange) return "The files of others are not checked.";
  if (workspace.paths().length === 0) return "There are no files yet.";
  if (state === "running") return "Checking …";
  if (state === "waiting") return "Checking once you pause …";
  const all = groups.flatMap(({ problems }) => problems);
  const errors = all.filter(({ severity }) => severity === "ERROR").length;
  if (all.length === 0) return "No problems.";
  const warnings = all.length - errors;
  const parts = [errors && count(errors, "error"), warnings && count(warnings, "warning")];
  const effect = errors ? "This can't be deployed." : "This can be deployed.";
  return `${parts.filter(Boolean).join(", ")}. ${effect}`;
}

/** @param {{ problem: import("./order.js").Row, workspace: Workspace }} props */
function Line({ problem, workspace }) {
  const { severity, file, line, column, message, sources } = problem;
  const isError = severity === "ERROR";
  const words = html`<span class=${isError ? "problem-mark error" : "problem-mark"}>
      ${isError ? "Error" : "Warning"}
    </span>
    <span class="problem-text">
      ${message.split("\n").map((part) => html`<span>${untrusted(onOneLine(part))}</span>`)}
      <small
        >${line && `line ${line}, `}${sources.map((source) => SOURCES[source] ?? source).join(" and ")}</small
      >
    </span>`;
  if (file === null || !workspace.has(file)) return html`<div class="problem">${words}</div>`;
  const place = { line: line ?? undefined, column: column ?? 1 };
  return html`<button class="problem" onClick=${() => workspace.open(file, place)}>
    ${words}
  </button>`;
}
