// @ts-check
/** The panel Tests: runs the tests of the files as they are, saved or not, and snippets. */
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { gql } from "../../lib/documents.js";
import { duration, durationOfMs } from "../../lib/format.js";
import { ask } from "../../lib/gql.js";
import { reason } from "../../lib/parts.js";
import { refusalOf } from "../../lib/refusal.js";
import { oneLine, untrusted, untrustedLines } from "../../lib/untrusted-text.js";
import { useWorkspace } from "../workspace/use-workspace.js";
import { Lines, Place } from "./place.js";
import { about, byFile, isTestFile, keyOf, merged, summary } from "./results.js";
import { Snippet } from "./snippet.js";

/**
 * @typedef {import("../workspace/files.js").Workspace} Workspace
 * @typedef {import("../../types/documents").RunTestsData["testScript"]} TestRun
 * @typedef {import("./results.js").Test} Test
 * @typedef {import("./results.js").Status} Status
 */

const RUN = gql(`mutation RunTests($input: TestScriptInput!) {
  testScript(input: $input) {
    version milliseconds
    tests { name status file line milliseconds error { message file line column stack } }
    log { level text file line column }
  }
}`);

const FIRST_FILE = "main.test.ts";
const FIRST_TEST = `describe("the script", () => {
  test("adds", () => {
    expect(1 + 1).toBe(2);
  });
});
`;

/** @type {Record<Status, [string, string]>} */
const STATUSES = {
  PASSED: ["Passed", "good"],
  FAILED: ["Failed", "bad"],
  SKIPPED: ["Skipped", ""],
};

/** @param {import("../panels.js").PanelProps} props */
export function TestsPanel({ script, workspace }) {
  useWorkspace(workspace);
  const hasTests = workspace.paths().some(isTestFile);
  return html`<div class="tests setting">
    ${hasTests ? html`<${Tests} slug=${script.slug} workspace=${workspace} />` : html`<${NoTests} workspace=${workspace} />`}
    <details>
      <summary><h3>Snippet</h3></summary>
      <${Snippet} script=${script} workspace=${workspace} />
    </details>
  </div>`;
}

/** @param {{ workspace: Workspace }} props */
function NoTests({ workspace }) {
  const create = () => {
    workspace.create(FIRST_FILE, FIRST_TEST);
    workspace.open(FIRST_FILE, { line: 2, column: 1 });
  };
  return html`<div class="empty">
    <b>No tests yet</b>
    <span>Files named *.test.ts or *.test.js are tests. What they write is undone.</span>
    <button class="btn" onClick=${create}>Create ${FIRST_FILE}</button>
  </div>`;
}

/** @param {{ slug: string, workspace: Workspace }} props */
function Tests({ slug, workspace }) {
  const [last, setLast] = useState(/** @type {TestRun | null} */ (null));
  const [refused, setRefused] = useState(/** @type {unknown} */ (null));
  const [running, setRunning] = useState(/** @type {{ name: string | null } | null} */ (null));
  const [onlyFailed, setOnlyFailed] = useState(false);
  const run = async (/** @type {string | null} */ name) => {
    setRunning({ name });
    setRefused(null);
    try {
      const done = (await ask(RUN, { input: { slug, name, ...source(workspace) } })).testScript;
      setLast((before) => ({ ...done, tests: [...merged(before?.tests ?? [], done.tests, name)] }));
    } catch (error) {
      setRefused(error);
    } finally {
      setRunning(null);
    }
  };
  const tests = last?.tests ?? [];
  const shown = onlyFailed ? tests.filter(({ status }) => status === "FAILED") : tests;
  const hasFailed = tests.some(({ status }) => status === "FAILED");
  return html`<p class="does">
      <button class="btn primary small" disabled=${running !== null} onClick=${() => run(null)}>
        Run all tests
      </button>
      ${
        hasFailed &&
        html`<label class="choice">
          <input
            type="checkbox"
            checked=${onlyFailed}
            onChange=${(/** @type {{ target: HTMLInputElement }} */ { target }) => setOnlyFailed(target.checked)}
          />
          Only failed
        </label>`
      }
    </p>
    <div role="status" aria-label="Result">
      ${
        running
          ? html`<${Running} name=${running.name} />`
          : last &&
            html`<p>
              <b class=${hasFailed ? "bad" : "ok"}>${summary(tests)}</b>${" "}
              <small>${about(last)}</small>
            </p>`
      }
    </div>
    ${Boolean(refused) && html`<p class="notice bad" role="alert">${reason(refusalOf(refused))}</p>`}
    ${byFile(shown).map(
      ([file, found]) =>
        html`<section key=${file} aria-label=${`Tests of ${file}`}>
          <h3><code>${oneLine(file)}</code></h3>
          <ul class="items">
            ${found.map((test) => html`<${Result} key=${keyOf(test)} test=${test} workspace=${workspace} isBusy=${running !== null} run=${() => run(test.name)} />`)}
          </ul>
        </section>`,
    )}
    ${last && html`<${Lines} label="Log of the tests" workspace=${workspace} lines=${last.log} />`}`;
}

/** What to test: the version that is open, or the files that are not saved. @param {Workspace} workspace */
const source = (workspace) =>
  workspace.isDirty || workspace.baseVersion === 0
    ? { files: workspace.asInput(), entry: workspace.entry ?? null }
    : { version: workspace.baseVersion };

/** @param {{ name: string | null }} props */
function Running({ name }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSeconds((before) => before + 1), 1_000);
    return () => clearInterval(timer);
  }, []);
  // A reader of the screen is not interrupted each second.
  return html`<p>
    ${name === null ? "Running all tests…" : html`Running ${untrusted(name)}…`}${" "}
    <small aria-hidden="true">${duration(seconds)}</small>
  </p>`;
}

/**
 * @param {{ test: Test, workspace: Workspace, isBusy: boolean, run: () => void }} props
 */
function Result({ test, workspace, isBusy, run }) {
  const { name, status, file, line, milliseconds, error } = test;
  const [words, look] = STATUSES[status];
  return html`<li>
    <span class="badge ${look}">${words}</span>
    <span class="about">
      <b>${untrusted(name)}</b>
      <small>
        <${Place} workspace=${workspace} file=${file} line=${line} />
        ${status !== "SKIPPED" && ` ${durationOfMs(milliseconds)}`}
      </small>
    </span>
    <button class="btn small" aria-label=${`Run ${name}`} disabled=${isBusy} onClick=${run}>
      Run
    </button>
    ${
      error &&
      html`<div class="more">
        <pre class="bad">${untrustedLines(error.stack || error.message)}</pre>
        <${Place}
          workspace=${workspace}
          file=${error.file}
          line=${error.line}
          column=${error.column}
        />
      </div>`
    }
  </li>`;
}
