// @ts-check
/** The question of a page whose answers, or whose asking, take a while. */
import { useRef, useState } from "preact/hooks";

/** @typedef {import("./parts.js").Question} Question */

/**
 * @returns {{ asked: Question | null, ask: (question: Question | null) => void,
 *   askLater: (preparing: Promise<Question | null>) => Promise<void>,
 *   askInTurn: (question: Question) => Promise<void> }}
 *   ask: at once, null closes; askLater: what is prepared, unless something else was asked or begun
 *   meanwhile; askInTurn: once the open question is closed, and waits for the end of its own
 */
export function useQuestion() {
  const [asked, setAsked] = useState(/** @type {Question | null} */ (null));
  const turn = useRef(0);
  const open = useRef({ until: Promise.resolve(), end: () => {} });
  const ask = (/** @type {Question | null} */ question) => {
    turn.current += 1;
    open.current.end();
    if (question) {
      let end = () => {};
      const until = new Promise((/** @type {(nothing: void) => void} */ resolve) => {
        end = resolve;
      });
      open.current = { until, end };
    }
    setAsked(question);
  };
  const askLater = async (/** @type {Promise<Question | null>} */ preparing) => {
    turn.current += 1;
    const mine = turn.current;
    const question = await preparing;
    if (question && mine === turn.current) ask(question);
  };
  const askInTurn = async (/** @type {Question} */ question) => {
    await open.current.until;
    ask(question);
    await open.current.until;
  };
  return { asked, ask, askLater, askInTurn };
}
