// @ts-check
/**
 * The checks of a script's files, which follow what is typed: a dry load, and the types. They run on
 * the server, one after the other, and block neither typing nor saving.
 */

import { isLarge, LARGEST_REQUEST } from "../history/request-size.js";
import { replaceSyntax } from "./syntax-problems.js";

/**
 * @typedef {import("../workspace/files.js").Workspace} Workspace
 * @typedef {import("../workspace/files.js").FoundProblem} FoundProblem
 * @typedef {import("../../types/schema").ScriptFileInput} ScriptFileInput
 * @typedef {{ slug: string, version?: number, files?: ScriptFileInput[], entry?: string }} Wanted
 * @typedef {{ diagnostics: readonly FoundProblem[], problem?: string | null }} Found
 *   problem: why something was not checked
 * @typedef {(wanted: Wanted) => Promise<Found>} Check
 * @typedef {"waiting" | "running" | "done"} State waiting: for the end of typing
 * @typedef {ReturnType<typeof setTimeout> | number | undefined} Timer
 * @typedef {{ set: (act: () => void, milliseconds: number) => Timer,
 *   clear: (timer: Timer) => void }} Clock
 */

/** So long after the last change the files are checked. */
export const PAUSE_MS = 1_000;
/** So long after a check that the server had no time for, it is asked again. */
const RETRY_MS = 5_000;

export class Checks {
  /** @type {State} */
  state = "waiting";
  /** What was not checked, and why. @type {string[]} */
  notes = [];
  /** @type {Set<() => void>} */
  #listeners = new Set();
  /** @type {Timer} */
  #timer;
  #isRunning = false;
  #isWanted = false;
  /** Whether somebody has typed since the check began. */
  #isOutdated = false;
  /** @type {(() => void) | null} */
  #stop = null;

  /**
   * @param {Workspace} workspace
   * @param {{ load: Check, types: Check }} checks what asks the server
   * @param {Clock} [clock]
   */
  constructor(workspace, checks, clock = CLOCK) {
    this.workspace = workspace;
    this.checks = checks;
    this.clock = clock;
  }

  /** Checks what is there, and again after each change, until it is stopped. */
  start() {
    this.#stop = this.workspace.subscribe((event) => {
      if (event !== "text" && event !== "files" && event !== "loaded") return;
      this.#isOutdated = true;
      this.#soon(PAUSE_MS);
    });
    this.#soon(0);
  }

  stop() {
    this.#stop?.();
    this.#stop = null;
    this.clock.clear(this.#timer);
  }

  /** @param {() => void} listener @returns {() => void} stops it */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** @param {number} milliseconds */
  #soon(milliseconds) {
    this.clock.clear(this.#timer);
    this.#timer = this.clock.set(() => void this.now(), milliseconds);
    this.#become(this.#isRunning ? "running" : "waiting");
  }

  /** Checks now; what is typed meanwhile is checked after it. */
  async now() {
    this.clock.clear(this.#timer);
    if (this.#isRunning) {
      this.#isWanted = true;
      return;
    }
    this.#isRunning = true;
    this.#become("running");
    try {
      await this.#run();
    } finally {
      this.#isRunning = false;
      this.#become("done");
      if (this.#isWanted) this.#soon(0);
      this.#isWanted = false;
    }
  }

  async #run() {
    const { workspace } = this;
    this.#isOutdated = false;
    if (workspace.paths().length === 0) {
      this.notes = [];
      workspace.setProblems("load", []);
      workspace.setProblems("types", []);
      return;
    }
    const notes = [await this.#ask("load", wholeOf(workspace))];
    // What does not load has errors that say more than those of its types.
    notes.push(await this.#ask("types", textsOf(workspace)));
    this.notes = notes.filter((note) => note !== null);
    if (this.#stop && this.notes.length === 0 && !this.#isOutdated) replaceSyntax(workspace);
  }

  /**
   * @param {"load" | "types"} source @param {Wanted | null} wanted
   * @returns {Promise<string | null>} why it was not checked
   */
  async #ask(source, wanted) {
    if (wanted === null) return TOO_LARGE[source];
    try {
      const { diagnostics, problem = null } = await this.checks[source](wanted);
      if (this.#stop) this.workspace.setProblems(source, diagnostics);
      return problem;
    } catch (refused) {
      const { code, message } = /** @type {{ code?: string, message: string }} */ (refused);
      if (this.#stop && RETRIED.has(code ?? "")) this.#soon(RETRY_MS);
      return `${NAMES[source]}: ${message}`;
    }
  }

  /** @param {State} state */
  #become(state) {
    this.state = state;
    this.#listeners.forEach((listener) => listener());
  }
}

/** @type {Clock} */
const CLOCK = {
  set: (act, milliseconds) => setTimeout(act, milliseconds),
  clear: (timer) => clearTimeout(timer),
};

const RETRIED = new Set(["UNAVAILABLE", "LIMIT", "RATE_LIMITED"]);
const NAMES = { load: "Dry load", types: "Types" };
const TOO_LARGE = {
  load: "The files are large: they are loaded after Save.",
  types: "The files are large: types are checked after Save.",
};

/** All files, or the version that they are; null when they are too large for a request. @param {Workspace} workspace @returns {Wanted | null} */
function wholeOf(workspace) {
  const { slug, baseVersion, entry } = workspace;
  if (!workspace.isDirty && baseVersion > 0) return { slug, version: baseVersion };
  if (sizeOf(workspace, true) > LARGEST_REQUEST) return null;
  const files = workspace.asInput();
  return isLarge(files) ? null : { slug, files, entry };
}

/** As the types need them: pictures and their like have none. @param {Workspace} workspace @returns {Wanted | null} */
function textsOf(workspace) {
  const { slug, baseVersion, entry } = workspace;
  if (!workspace.isDirty && baseVersion > 0) return { slug, version: baseVersion };
  if (sizeOf(workspace, false) > LARGEST_REQUEST) return null;
  const files = workspace.paths().map((path) => ({ path, text: workspace.text(path) ?? "" }));
  return isLarge(files) ? null : { slug, files, entry };
}

/** At least so many bytes, without making the texts. @param {Workspace} workspace @param {boolean} withBinaries */
function sizeOf(workspace, withBinaries) {
  let size = 0;
  for (const path of workspace.paths()) {
    size += workspace.document(path)?.length ?? 0;
    if (withBinaries) size += workspace.bytes(path)?.length ?? 0;
  }
  return size;
}
