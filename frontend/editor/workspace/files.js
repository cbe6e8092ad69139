// @ts-check
/**
 * The files of a script as somebody edits them: the store that the whole workspace reads. It knows
 * neither Preact nor the code editor, so that it is tested without a browser.
 */
import { fromBase64, toBase64 } from "./base64.js";
import { differs, entryOf, sentOther, textOf } from "./entry.js";
import { Listeners } from "./listeners.js";
import { pathProblem } from "./paths.js";

/**
 * @typedef {import("../../types/schema").ScriptFileInput} ScriptFileInput
 * @typedef {{ path: string, text: string | null, base64: string | null, size?: number,
 *   digest?: string }} GivenFile
 *   as the server returns it; neither text nor base64 of one that is too large, but its digest
 * @typedef {import("./entry.js").Text} Text
 * @typedef {import("./entry.js").Kept} Kept
 * @typedef {import("./entry.js").Entry} Entry
 * @typedef {{ path: string, kind: "added" | "changed" | "removed" }} Change
 * @typedef {{ path: string, line: number, column: number }} Position counted from 1
 * @typedef {{ severity: "ERROR" | "WARNING", message: string, file: string | null,
 *   line: number | null, column: number | null, source: string }} Problem
 * @typedef {{ severity: "ERROR" | "WARNING", message: string, file?: string | null,
 *   line?: number | null, column?: number | null }} FoundProblem
 * @typedef {"loaded" | "files" | "text" | "tabs" | "cursor" | "problems" | "rights"} Event
 * @typedef {{ selection: () => string, reveal: (line: number, column: number) => void,
 *   focus: () => void }} CodeEditor
 * @typedef {{ save: (workspace: Workspace, options: { message?: string }) => Promise<number | null>,
 *   deploy: (workspace: Workspace) => void, reload: () => Promise<void> }} Flows
 */

export class Workspace {
  /** @type {Map<string, Entry>} */
  #files = new Map();
  /** The other files of the base version: bytes, or those that are too large. @type {Map<string, Uint8Array | Kept>} */
  #baseOthers = new Map();
  /** @type {Map<string, FoundProblem[]>} */
  #found = new Map();
  /** @type {Listeners<Event>} */
  #listeners = new Listeners();
  /** @type {CodeEditor | null} */
  #editor = null;
  /** @type {Flows | null} */
  #flows = null;

  /** @param {{ slug: string, canChange?: boolean }} options canChange: whether the person may save */
  constructor({ slug, canChange = true }) {
    this.slug = slug;
    this.canChange = canChange;
    /** Number of the version that the files come from; 0 before the first. */
    this.baseVersion = 0;
    /** Texts of that version. @type {Map<string, string>} */
    this.baseTexts = new Map();
    /** Paths of the open tabs. @type {string[]} */
    this.tabs = [];
    /** Where the cursor is. @type {Position | null} */
    this.current = null;
    /** @type {Problem[]} */
    this.problems = [];
    this.isSaving = false;
    /** Grows with each change of a file. */
    this.revision = 0;
    /** The revision that a draft has stored, or a version. */
    this.storedRevision = 0;
    /** @type {string | undefined} */
    this.wantedEntry = undefined;
  }

  /** The file that the engine loads; undefined when the server chooses it by name. */
  get entry() {
    return this.wantedEntry !== undefined && this.has(this.wantedEntry)
      ? this.wantedEntry
      : undefined;
  }

  /**
   * Calls the listener after each change; while somebody types, at intervals.
   * @param {(event: Event) => void} listener
   * @returns {() => void} stops it
   */
  subscribe(listener) {
    return this.#listeners.add(listener);
  }

  /** From now on the person may save, or may not. @param {boolean} canChange */
  allow(canChange) {
    if (canChange === this.canChange) return;
    this.canChange = canChange;
    this.#listeners.tell("rights");
  }

  /* Reading. */

  paths() {
    return [...this.#files.keys()].sort();
  }

  /** @param {string} path */
  has(path) {
    return this.#files.has(path);
  }

  /** @param {string} path */
  isBinary(path) {
    const entry = this.#files.get(path);
    return Boolean(entry?.bytes || entry?.kept);
  }

  /** The text; null for a binary file or none. @param {string} path */
  text(path) {
    return textOf(this.#files.get(path));
  }

  /** What is the text now, without making it: the same object means the same text. @param {string} path */
  document(path) {
    return this.#files.get(path)?.text ?? null;
  }

  /** The content of a binary file; null for a text, for one that is too large, or none. @param {string} path */
  bytes(path) {
    return this.#files.get(path)?.bytes ?? null;
  }

  /** SHA-256 of the content that stays on the server; null for one that is here, or none. @param {string} path */
  digest(path) {
    return this.#files.get(path)?.kept?.digest ?? null;
  }

  /** Bytes of a binary file, or characters of a text. @param {string} path */
  sizeOf(path) {
    const entry = this.#files.get(path);
    return entry?.bytes?.length ?? entry?.kept?.size ?? entry?.text?.length ?? 0;
  }

  /** Whether the file differs from the base version. @param {string} path */
  isChanged(path) {
    const entry = this.#files.get(path);
    if (!entry) return this.baseTexts.has(path) || this.#baseOthers.has(path);
    entry.isChanged ??= differs(entry, this.baseTexts.get(path) ?? this.#baseOthers.get(path));
    return entry.isChanged;
  }

  /** What differs from the base version, by path. @returns {Change[]} */
  changed() {
    /** @type {Change[]} */
    const found = [];
    for (const path of this.#files.keys()) {
      if (!this.isChanged(path)) continue;
      const isKnown = this.baseTexts.has(path) || this.#baseOthers.has(path);
      found.push({ path, kind: isKnown ? "changed" : "added" });
    }
    for (const path of this.#removed()) found.push({ path, kind: "removed" });
    return found.sort((one, other) => (one.path < other.path ? -1 : 1));
  }

  get isDirty() {
    if (this.#removed().length > 0) return true;
    for (const path of this.#files.keys()) if (this.isChanged(path)) return true;
    return false;
  }

  /** Whether something would be lost if the page were closed now. */
  get isAtRisk() {
    return this.revision !== this.storedRevision && this.isDirty;
  }

  #removed() {
    const base = [...this.baseTexts.keys(), ...this.#baseOthers.keys()];
    return base.filter((path) => !this.#files.has(path));
  }

  /** All files, as `saveScript` and `checkScript` take them. @returns {ScriptFileInput[]} */
  asInput() {
    return this.paths().map((path) => {
      const { bytes = null, kept = null } = this.#files.get(path) ?? {};
      if (kept) return { path, digest: kept.digest };
      return bytes ? { path, base64: toBase64(bytes) } : { path, text: this.text(path) ?? "" };
    });
  }

  /* Changing. */

  /**
   * Replaces everything: after a save, a merge, or another version was chosen.
   * @param {number} version @param {readonly GivenFile[]} files
   * @param {string} [entry] the file that the engine loads
   */
  load(version, files, entry) {
    this.baseVersion = version;
    this.wantedEntry = entry;
    this.baseTexts = new Map();
    this.#baseOthers = new Map();
    this.#files = new Map();
    for (const { path, text, base64, digest = "", size = 0 } of files) {
      if (text !== null) this.baseTexts.set(path, text);
      else this.#baseOthers.set(path, base64 === null ? { digest, size } : fromBase64(base64));
    }
    for (const [path, content] of [...this.baseTexts, ...this.#baseOthers])
      this.#files.set(path, entryOf(content, false));
    this.tabs = this.tabs.filter((path) => this.has(path));
    if (this.current && !this.has(this.current.path)) this.#openInstead();
    this.#found.clear();
    this.problems = [];
    this.#listeners.tell("loaded");
  }

  /**
   * What is here has become the base version: after it was saved. Texts keep their cursors.
   * @param {number} version @param {ScriptFileInput[]} [files] what was sent
   */
  saved(version, files = this.asInput()) {
    this.baseVersion = version;
    this.baseTexts = new Map();
    this.#baseOthers = new Map();
    for (const file of files) {
      const { path, text } = file;
      if (typeof text === "string") this.baseTexts.set(path, text);
      else this.#baseOthers.set(path, sentOther(file, this.#files.get(path)));
    }
    for (const entry of this.#files.values()) entry.isChanged = null;
    this.#listeners.tell("loaded");
  }

  /** @param {string} path @param {string} text */
  setText(path, text) {
    const entry = this.#files.get(path);
    if (!entry?.text) throw new Error(`There is no text ${path}.`);
    if (this.text(path) === text) return;
    this.#files.set(path, entryOf(text));
    this.revision++;
    this.#listeners.tell("text");
  }

  /** What the code editor has after a key; `document(path)` is this object then. @param {string} path @param {Text} text */
  typed(path, text) {
    const entry = this.#files.get(path);
    if (!entry?.text) return;
    const was = entry.isChanged;
    this.#files.set(path, { ...entryOf(""), text, made: null });
    this.revision++;
    if (this.isChanged(path) === was) this.#listeners.tellSoon("text");
    else this.#listeners.tell("text");
  }

  /**
   * @param {string} path @param {string | Uint8Array | Kept} content
   * @throws {Error} for a path that is taken or not allowed
   */
  create(path, content) {
    const problem = pathProblem(path, this.paths());
    if (problem) throw new Error(problem);
    this.#files.set(path, entryOf(content));
    this.revision++;
    this.#listeners.tell("files");
  }

  /**
   * Renames a file, or moves it to another folder.
   * @param {string} from @param {string} to
   * @throws {Error} for a path that is taken or not allowed
   */
  rename(from, to) {
    this.renameAll([[from, to]]);
  }

  /**
   * Renames several files, such as those of a folder, or none of them.
   * @param {readonly (readonly [from: string, to: string])[]} pairs
   * @throws {Error} for a path that is taken or not allowed
   */
  renameAll(pairs) {
    const gone = new Set(pairs.map(([from]) => from));
    const others = this.paths().filter((path) => !gone.has(path));
    for (const [, to] of pairs) {
      const problem = pathProblem(to, others);
      if (problem) throw new Error(problem);
      others.push(to);
    }
    const moved = new Map(pairs);
    const now = (/** @type {string} */ path) => moved.get(path) ?? path;
    this.#files = new Map(
      [...this.#files].map(([path, entry]) => [
        now(path),
        gone.has(path) ? { ...entry, isChanged: null } : entry,
      ]),
    );
    this.tabs = this.tabs.map(now);
    if (this.current) this.current = { ...this.current, path: now(this.current.path) };
    if (this.wantedEntry) this.wantedEntry = now(this.wantedEntry);
    this.revision++;
    this.#listeners.tell("files");
  }

  /** @param {string} path */
  remove(path) {
    if (!this.#files.delete(path)) return;
    this.revision++;
    this.close(path);
    this.#listeners.tell("files");
  }

  /* Tabs, cursor, problems. */

  /** Opens a file, and moves the cursor. @param {string} path @param {{ line?: number, column?: number }} [position] */
  open(path, { line, column = 1 } = {}) {
    if (!this.has(path)) return;
    if (!this.tabs.includes(path)) this.tabs = [...this.tabs, path];
    const isOther = this.current?.path !== path;
    if (isOther || line) this.current = { path, line: line ?? 1, column };
    this.#listeners.tell("tabs");
    // A file without a line is opened where its cursor was.
    if (line) this.#editor?.reveal(line, column);
  }

  /** Closes a tab; the file stays. @param {string} path */
  close(path) {
    const place = this.tabs.indexOf(path);
    if (place < 0) return;
    this.tabs = this.tabs.filter((one) => one !== path);
    if (this.current?.path === path) this.#openInstead(place);
    this.#listeners.tell("tabs");
  }

  #openInstead(place = 0) {
    const next = this.tabs[Math.min(place, this.tabs.length - 1)];
    this.current = next ? { path: next, line: 1, column: 1 } : null;
  }

  /** The code editor says where its cursor is. @param {number} line @param {number} column */
  moved(line, column) {
    if (!this.current) return;
    this.current = { ...this.current, line, column };
    this.#listeners.tellSoon("cursor");
  }

  /** The text that is selected in the code. */
  selection() {
    return this.#editor?.selection() ?? "";
  }

  /** Moves the focus into the code. */
  focus() {
    this.#editor?.focus();
  }

  /** @param {CodeEditor | null} editor */
  attach(editor) {
    this.#editor = editor;
  }

  /**
   * Replaces the problems of one source.
   * @param {string} source "syntax", "load" or "types" @param {readonly FoundProblem[]} list
   */
  setProblems(source, list) {
    this.#found.set(source, [...list]);
    this.problems = [...this.#found].flatMap(([source, found]) =>
      found.map(({ file = null, line = null, column = null, ...one }) => ({
        ...one,
        file,
        line,
        column,
        source,
      })),
    );
    this.#listeners.tell("problems");
  }

  /* What talks to the server is given by the page. */

  /** @param {Flows} flows */
  use(flows) {
    this.#flows = flows;
  }

  /** Saves what is here; null when nothing was saved. @param {{ message?: string }} [options] @returns {Promise<number | null>} */
  async save(options = {}) {
    if (!this.#flows || !this.canChange || this.isSaving) return null;
    this.isSaving = true;
    this.#listeners.tell("files");
    try {
      return await this.#flows.save(this, options);
    } finally {
      this.isSaving = false;
      this.#listeners.tell("files");
    }
  }

  /** Asks what a deployment would change, and deploys. */
  deploy() {
    if (this.canChange) this.#flows?.deploy(this);
  }

  /** Loads what is known of the script again. */
  async reload() {
    await this.#flows?.reload();
  }
}
