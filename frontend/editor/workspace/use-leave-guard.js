// @ts-check
/** Asks before the workspace is left, when something would be lost. */
import { useRef, useState } from "preact/hooks";
import { atMost } from "../../lib/at-most.js";
import { count } from "../../lib/format.js";
import { useListener } from "../../lib/listener.js";
import { engineState } from "../../lib/state.js";
import { LEAVING } from "../address.js";

/**
 * @typedef {import("./files.js").Workspace} Workspace
 * @typedef {import("../../lib/parts.js").Question} Question
 */

/** So long the draft may take to be kept before the person is asked. */
const KEPT_WITHIN_MS = 3_000;

/**
 * Returns what to ask before the person goes to another page of the editor, if there is anything,
 * and what ends that.
 * @param {Workspace} workspace @param {() => Promise<void>} keep keeps the draft
 * @returns {[Question | null, () => void]}
 */
export function useLeaveGuard(workspace, keep) {
  const [question, setQuestion] = useState(/** @type {Question | null} */ (null));
  const asked = useRef(0);
  useListener(window, "beforeunload", (event) => {
    // Who signs out was asked before.
    if (workspace.isAtRisk && engineState().why !== "left") event.preventDefault();
  });
  useListener(window, LEAVING, (/** @type {import("../address.js").LeavingEvent} */ event) => {
    if (!workspace.isAtRisk) return;
    event.preventDefault();
    void keptOrAsked(event.detail.move);
  });
  const keptOrAsked = async (/** @type {() => void} */ move) => {
    const mine = ++asked.current;
    const keeping = keep();
    await atMost(keeping, KEPT_WITHIN_MS);
    // Meanwhile, the person may have wanted to go somewhere else.
    if (mine !== asked.current) return;
    const leave = () => {
      asked.current += 1;
      move();
    };
    if (workspace.isAtRisk) setQuestion(questionOf(workspace, leave));
    await keeping;
    // Kept after all, before the person has answered.
    if (mine !== asked.current || workspace.isAtRisk) return;
    setQuestion(null);
    leave();
  };
  const stays = () => {
    asked.current += 1;
    setQuestion(null);
  };
  return [question, stays];
}

/** @param {Workspace} workspace @param {() => void} move @returns {Question} */
const questionOf = (workspace, move) => ({
  title: "Leave without your changes?",
  text:
    `Your draft could not be kept. What you changed in ${count(workspace.changed().length, "file")}` +
    " is lost when you leave.",
  verb: "Leave",
  danger: true,
  run: async () => move(),
});
