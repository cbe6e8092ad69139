// @ts-check
/** Opens the files of a script with the viewer's draft, and keeps the draft from then on. */
import { useEffect, useRef, useState } from "preact/hooks";
import { atMost } from "../../lib/at-most.js";
import { useListener } from "../../lib/listener.js";
import { refusalOf } from "../../lib/refusal.js";
import { isRecovery, watchState } from "../../lib/state.js";
import { DraftKeeper } from "./draft-keeper.js";
import { draftServer, readFiles, showFiles } from "./drafts.js";

/**
 * @typedef {import("../workspace/files.js").Workspace} Workspace
 * @typedef {import("../../lib/refusal.js").Refusal} Refusal
 * @typedef {import("./drafts.js").Restored} Restored
 * @typedef {import("./drafts.js").Read} Read
 * @typedef {import("./draft-keeper.js").DraftState} DraftState
 * @typedef {{ restored: Restored | null, state: DraftState, refused: Refusal | null,
 *   keep: () => Promise<void>, discard: () => Promise<void>, takeOver: () => void,
 *   openOther: () => void, dismiss: () => void }} DraftNotes
 *   refused: why the draft of another window was neither replaced nor opened
 */

/** Scripts that were left, and whose draft is kept a last time. @type {Map<string, Promise<void>>} */
const LEFT = new Map();
/** Nobody waits longer than that to open one of them again. */
const LEFT_MS = 5_000;

/**
 * Who may change the files later than when they were opened may do so from when the draft is here:
 * what they type before would be replaced by it.
 * @param {Workspace} workspace @param {boolean} mayChange whether the person may change the files now
 */
export function useFiles(workspace, mayChange) {
  const { slug } = workspace;
  const newest = useRef(mayChange);
  newest.current = mayChange;
  const [isLoaded, setLoaded] = useState(false);
  const [error, setError] = useState(/** @type {Refusal | null} */ (null));
  const [restored, setRestored] = useState(/** @type {Restored | null} */ (null));
  const [state, setState] = useState(/** @type {DraftState} */ ({ kind: "kept" }));
  const [refused, setRefused] = useState(/** @type {Refusal | null} */ (null));
  const keeper = useRef(/** @type {DraftKeeper | null} */ (null));
  const reading = useRef(0);
  const show = (/** @type {Read} */ read, /** @type {boolean} */ canChange) => {
    keeper.current?.stop();
    keeper.current = null;
    const opened = showFiles(workspace, read);
    setRestored(opened.restored);
    setState({ kind: "kept" });
    setLoaded(true);
    workspace.allow(canChange);
    if (!canChange) return;
    keeper.current = new DraftKeeper(workspace, draftServer(slug), setState);
    keeper.current.start(opened.revision);
  };
  /** Until everything was read, what is here stays, and is kept. Throws when it can't be read. */
  const open = async () => {
    const mine = ++reading.current;
    const withDraft = newest.current;
    await atMost(LEFT.get(slug), LEFT_MS);
    const read = await readFiles(slug, { withDraft });
    if (mine === reading.current) show(read, withDraft && newest.current);
  };
  const load = async () => {
    setError(null);
    await open().catch((thrown) => setError(refusalOf(thrown)));
  };
  useEffect(() => {
    void load();
    const stop = watchState((now, was) => void (isRecovery(now, was) && keeper.current?.keep()));
    return () => {
      stop();
      reading.current++;
      if (keeper.current) closeLast(slug, keeper.current);
    };
  }, [workspace]);
  useEffect(() => {
    if (!mayChange) {
      workspace.allow(false);
    } else if (keeper.current) {
      // What was typed before the rights were lost is still here.
      workspace.allow(true);
      void keeper.current.keep();
    } else if (!workspace.canChange) {
      // Who became an owner meanwhile may have a draft.
      void load();
    }
  }, [mayChange]);
  useListener(document, "visibilitychange", () => void (document.hidden && keeper.current?.keep()));
  useListener(window, "pagehide", () => keeper.current?.leave());
  const discard = async () => {
    // Read before, so that a draft is discarded only when there is something to show instead.
    const read = await readFiles(slug, { withDraft: false });
    await keeper.current?.discard();
    show(read, newest.current);
  };
  const tried = (/** @type {Promise<void> | undefined} */ trying) => {
    setRefused(null);
    trying?.catch((thrown) => setRefused(refusalOf(thrown)));
  };
  /** @type {DraftNotes} */
  const draft = {
    restored,
    state,
    refused,
    discard,
    keep: async () => keeper.current?.keep(),
    takeOver: () => tried(keeper.current?.takeOver()),
    openOther: () => tried(open()),
    dismiss: () => setRestored(null),
  };
  return { isLoaded, error, load, draft };
}

/** Keeps a last time; if the page is closed meanwhile, as far as that is possible then. @param {string} slug @param {DraftKeeper} keeper */
function closeLast(slug, keeper) {
  const left = () => keeper.leave();
  addEventListener("pagehide", left);
  const closing = keeper.close().finally(() => {
    removeEventListener("pagehide", left);
    if (LEFT.get(slug) === closing) LEFT.delete(slug);
  });
  LEFT.set(slug, closing);
}
