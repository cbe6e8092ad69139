// @ts-check
/** Opens the files of a script with the viewer's draft, and keeps the draft from then on. */
import { useEffect, useRef, useState } from "preact/hooks";
import { refusalOf } from "../../lib/refusal.js";
import { DraftKeeper } from "./draft-keeper.js";
import { draftServer, openFiles } from "./drafts.js";

/**
 * @typedef {import("../workspace/files.js").Workspace} Workspace
 * @typedef {import("../../lib/refusal.js").Refusal} Refusal
 * @typedef {import("./drafts.js").Restored} Restored
 * @typedef {import("./draft-keeper.js").DraftState} DraftState
 * @typedef {{ restored: Restored | null, state: DraftState, discard: () => Promise<void>,
 *   takeOver: () => void, openOther: () => void, dismiss: () => void }} DraftNotes
 */

/** @param {Workspace} workspace */
export function useFiles(workspace) {
  const [isLoaded, setLoaded] = useState(false);
  const [error, setError] = useState(/** @type {Refusal | null} */ (null));
  const [restored, setRestored] = useState(/** @type {Restored | null} */ (null));
  const [state, setState] = useState(/** @type {DraftState} */ ({ kind: "kept" }));
  const keeper = useRef(/** @type {DraftKeeper | null} */ (null));
  const load = async () => {
    setError(null);
    keeper.current?.stop();
    try {
      const opened = await openFiles(workspace);
      setRestored(opened.restored);
      setState({ kind: "kept" });
      setLoaded(true);
      if (!workspace.canChange) return;
      keeper.current = new DraftKeeper(workspace, draftServer(workspace.slug), setState);
      keeper.current.start(opened.revision);
    } catch (refused) {
      setError(refusalOf(refused));
    }
  };
  useEffect(() => {
    void load();
    return keepOnLeaving(keeper);
  }, [workspace]);
  const discard = async () => {
    keeper.current?.stop();
    await draftServer(workspace.slug).discard();
    await load();
  };
  /** @type {DraftNotes} */
  const draft = {
    restored,
    state,
    discard,
    takeOver: () => void keeper.current?.takeOver(),
    openOther: () => void load(),
    dismiss: () => setRestored(null),
  };
  return { isLoaded, error, load, draft };
}

/**
 * Keeps at once when the page is hidden or left. Returns what ends that, and keeps a last time.
 * @param {{ current: DraftKeeper | null }} keeper
 */
function keepOnLeaving(keeper) {
  const hidden = () => void (document.hidden && keeper.current?.keep());
  const left = () => keeper.current?.leave();
  document.addEventListener("visibilitychange", hidden);
  addEventListener("pagehide", left);
  return () => {
    document.removeEventListener("visibilitychange", hidden);
    removeEventListener("pagehide", left);
    keeper.current?.leave();
    keeper.current?.stop();
  };
}
