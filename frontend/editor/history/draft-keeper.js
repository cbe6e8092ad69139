// @ts-check
/**
 * Keeps what somebody changes as their draft, soon after they change it. The server is given, so
 * that this is tested without one.
 */

/**
 * @typedef {import("../workspace/files.js").Workspace} Workspace
 * @typedef {{ path: string, text?: string | null, base64?: string | null, removed?: boolean }} Sent
 * @typedef {{ baseVersion: number, files: Sent[], unchanged: string[], revision: number }} DraftChange
 * @typedef {{ save: (change: DraftChange) => Promise<number>,
 *   discard: (revision?: number) => Promise<void>,
 *   saveAtOnce: (change: DraftChange) => void, discardAtOnce: (revision: number) => void }} DraftServer
 *   save: returns the revision; discard: any draft, or only this revision; …AtOnce: while the page
 *   is being closed
 * @typedef {{ kind: "kept" } | { kind: "failed", why: unknown } | { kind: "elsewhere" }} DraftState
 */
import { toBase64 } from "../workspace/base64.js";

/** From the first change that is not kept. */
const KEPT_AFTER_MS = 1_500;
/** After a failure that may pass. */
const AGAIN_AFTER_MS = 5_000;
const REMOVED = Symbol("removed");
/** Codes of errors that stay, however often one tries. @type {Set<string | undefined>} */
const REFUSED = new Set(["BAD_USER_INPUT", "FORBIDDEN", "NOT_FOUND"]);

/** @param {unknown} error */
const codeOf = (error) => /** @type {{ code?: string } | null} */ (error)?.code;

/** A file whose content is only on the server has another path: a draft can't say so. */
class TooLarge extends Error {
  code = "BAD_USER_INPUT";

  /** @param {string} path */
  constructor(path) {
    super(`${path} is too large for a draft.`);
  }
}

export class DraftKeeper {
  /** What the server has, as the object in the workspace. @type {Map<string, unknown>} */
  #sent = new Map();
  #sentBase = 0;
  #revision = 0;
  /** @type {ReturnType<typeof setTimeout> | null} */
  #timer = null;
  /** @type {Promise<void> | null} */
  #running = null;
  #isStopped = false;
  /** @type {() => void} */
  #unsubscribe = () => {};
  /** @type {DraftState} */
  state = { kind: "kept" };

  /**
   * @param {Workspace} workspace @param {DraftServer} server
   * @param {(state: DraftState) => void} [changed] called after each change of the state
   */
  constructor(workspace, server, changed = () => {}) {
    this.workspace = workspace;
    this.server = server;
    this.changed = changed;
  }

  /** Begins. @param {number} [revision] of the draft that the workspace has, 0 without one */
  start(revision = 0) {
    this.#revision = revision;
    this.#sentBase = this.workspace.baseVersion;
    if (revision) for (const { path } of this.workspace.changed()) this.#note(path);
    // What was loaded, with the draft on top, is all on the server.
    this.workspace.storedRevision = this.workspace.revision;
    this.#unsubscribe = this.workspace.subscribe((event) => {
      // What was saved as a version must not come back as a draft.
      if (event === "loaded") void this.keep();
      else if (event === "text" || event === "files") this.#keepSoon();
    });
  }

  stop() {
    this.#isStopped = true;
    this.#unsubscribe();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #keepSoon(after = KEPT_AFTER_MS) {
    if (this.#isStopped || this.#timer !== null || this.state.kind === "elsewhere") return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.keep();
    }, after);
  }

  /** Keeps what has changed since the last time; one after the other. @returns {Promise<void>} */
  async keep() {
    while (this.#running) await this.#running;
    if (this.#isStopped || this.state.kind === "elsewhere") return;
    this.#running = this.#keep().finally(() => {
      this.#running = null;
    });
    await this.#running;
  }

  async #keep() {
    const { revision } = this.workspace;
    try {
      const { change, sent, isEmpty } = this.#change();
      const isNew = change.files.length > 0 || change.unchanged.length > 0;
      if (!isEmpty && isNew) this.#revision = await this.server.save(change);
      else if (isEmpty && this.#revision) {
        await this.server.discard(this.#revision);
        this.#revision = 0;
      }
      this.#sent = sent;
      this.#sentBase = change.baseVersion;
      this.workspace.storedRevision = revision;
      this.#become({ kind: "kept" });
    } catch (error) {
      this.#failed(error);
    }
  }

  /** What the server has to get, and what it has then. */
  #change() {
    const { workspace } = this;
    const isRebased = workspace.baseVersion !== this.#sentBase;
    const known = isRebased ? new Map() : this.#sent;
    const changed = workspace.changed();
    const sent = new Map(changed.map(({ path }) => [path, this.#contentOf(path)]));
    const files = changed.filter(({ path }) => known.get(path) !== sent.get(path));
    const unchanged = [...known.keys()].filter((path) => !sent.has(path));
    const change = {
      baseVersion: workspace.baseVersion,
      files: files.map(({ path }) => this.#fileOf(path)),
      unchanged,
      revision: this.#revision,
    };
    return { change, sent, isEmpty: changed.length === 0 };
  }

  /** The object that stands for the content: another one is another content. @param {string} path */
  #contentOf(path) {
    const { workspace } = this;
    return workspace.has(path) ? (workspace.document(path) ?? workspace.bytes(path)) : REMOVED;
  }

  /** @param {string} path @returns {Sent} */
  #fileOf(path) {
    const bytes = this.workspace.bytes(path);
    if (!this.workspace.has(path)) return { path, removed: true };
    if (!bytes && !this.workspace.document(path)) throw new TooLarge(path);
    return bytes ? { path, base64: toBase64(bytes) } : { path, text: this.workspace.text(path) };
  }

  /** @param {string} path */
  #note(path) {
    this.#sent.set(path, this.#contentOf(path));
  }

  /** @param {unknown} error */
  #failed(error) {
    const code = codeOf(error);
    if (code === "CONFLICT") {
      this.#become({ kind: "elsewhere" });
      return;
    }
    this.#become({ kind: "failed", why: error });
    // What is refused stays refused until it changes.
    if (!REFUSED.has(code)) this.#keepSoon(AGAIN_AFTER_MS);
  }

  /** @param {DraftState} state */
  #become(state) {
    const isOther = state.kind !== this.state.kind || state.kind === "failed";
    this.state = state;
    // After that, another keeper says how it is.
    if (isOther && !this.#isStopped) this.changed(state);
  }

  /** Replaces the draft of the other window by what is here. Throws when that is refused. */
  async takeOver() {
    await this.#alone(() => this.server.discard());
    this.#revision = 0;
    this.#sent = new Map();
    this.#become({ kind: "kept" });
    await this.keep();
  }

  /** Discards the draft, and stops. Throws when that is refused, and continues then. */
  async discard() {
    try {
      await this.#alone(async () => {
        await this.server.discard(this.#revision || undefined);
        // What waits for its turn to keep must not bring it back.
        this.stop();
      });
    } catch (error) {
      if (codeOf(error) === "CONFLICT") this.#become({ kind: "elsewhere" });
      throw error;
    }
  }

  /** Keeps a last time, and stops: another script is shown. */
  async close() {
    this.#unsubscribe();
    this.changed = () => {};
    if (!this.#isKept) await this.keep();
    this.stop();
  }

  /** Runs while nothing is being kept. @param {() => Promise<void>} act */
  async #alone(act) {
    while (this.#running) await this.#running;
    const acting = act();
    const ended = () => {
      this.#running = null;
    };
    this.#running = acting.then(ended, ended);
    await acting;
  }

  get #isKept() {
    return this.#timer === null && this.#running === null && this.state.kind === "kept";
  }

  /** The page is being closed: what is not kept yet is sent, if that is still possible. */
  leave() {
    if (this.#isKept || this.#isStopped || this.state.kind === "elsewhere") return;
    try {
      const { change, isEmpty } = this.#change();
      if (isEmpty && this.#revision) this.server.discardAtOnce(this.#revision);
      if (!isEmpty && (change.files.length > 0 || change.unchanged.length > 0))
        this.server.saveAtOnce(change);
    } catch {
      // It was said before that this draft is not kept.
    }
  }
}
