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

/** @param {Workspace} workspace */
export function useFiles(workspace) {
  const { slug } = workspace;
  const [isLoaded, setLoaded] = useState(false);
  const [error, setError] = useState(/** @type {Refusal | null} */ (null));
  const [restored, setRestored] = useState(/** @type {Restored | null} */ (null));
  const [state, setState] = useState(/** @type {DraftState} */ ({ kind: "kept" }));
  const [refused, setRefused] = useState(/** @type {Refusal | null} */ (null));
  const keeper = useRef(/** @type {DraftKeeper | null} */ (null));
  const reading = useRef(0);
  const show = (/** @type {Read} */ read) => {
    keeper.current?.stop();
    keeper.current = null;
    const opened = showFiles(workspace, read);
    setRestored(opened.restored);
    setState({ kind: "kept" });
    setLoaded(true);
    if (!workspace.canChange) return;
    keeper.current = new DraftKeeper(workspace, draftServer(slug), setState);
    keeper.current.start(opened.revision);
  };
  /** Until everything was read, what is here stays, and is kept. Throws when it can't be read. */
  const open = async () => {
    const mine = ++reading.current;
    await atMost(LEFT.get(slug), LEFT_MS);
    const read = await readFiles(workspace);
    if (mine === reading.current) show(read);
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
    // Who became an owner meanwhile had nothing unsaved here, and may have a draft.
    if (isLoaded && workspace.canChange && !keeper.current) void load();
  }, [workspace.canChange]);
  useListener(document, "visibilitychange", () => void (document.hidden && keeper.current?.keep()));
  useListener(window, "pagehide", () => keeper.current?.leave());
  const discard = async () => {
    // Read before, so that a draft is discarded only when there is something to show instead.
    const read = await readFiles(workspace, { withDraft: false });
    await keeper.current?.discard();
    show(read);
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
