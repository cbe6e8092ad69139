// @ts-check
/** The checks of a workspace in components, and the key that leads to the next problem. */
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { useListener } from "../../lib/listener.js";
import { serverChecks } from "./asking.js";
import { Checks } from "./checks.js";
import { nextProblem } from "./order.js";

/** @typedef {import("../workspace/files.js").Workspace} Workspace */

/** @type {WeakMap<Workspace, Checks>} */
const KNOWN = new WeakMap();

/** @param {Workspace} workspace */
function checksOf(workspace) {
  const checks = KNOWN.get(workspace) ?? new Checks(workspace, serverChecks);
  KNOWN.set(workspace, checks);
  return checks;
}

/** Checks the files as long as the component is shown. @param {Workspace} workspace @param {boolean} isLoaded */
export function useChecks(workspace, isLoaded) {
  const { canChange } = workspace;
  useEffect(() => {
    if (!isLoaded || !canChange) return undefined;
    const checks = checksOf(workspace);
    checks.start();
    return () => checks.stop();
  }, [workspace, isLoaded, canChange]);
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "F8" || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    goToNext(workspace, event.shiftKey);
  };
  useListener(window, "keydown", pressed, { capture: true });
}

/** @param {Workspace} workspace @param {boolean} backwards */
function goToNext(workspace, backwards) {
  const found = nextProblem(workspace.problems, workspace.current, backwards);
  if (found?.file) workspace.open(found.file, { line: found.line ?? 1, column: found.column ?? 1 });
}

/** Renders the component again when a check begins or ends. @param {Workspace} workspace */
export function useChecksOf(workspace) {
  const checks = checksOf(workspace);
  const [, count] = useState(0);
  useLayoutEffect(() => checks.subscribe(() => count((before) => before + 1)), [checks]);
  return checks;
}
