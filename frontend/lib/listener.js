// @ts-check
/** Listeners of components. */
import { useLayoutEffect, useRef } from "preact/hooks";

/**
 * Listens as long as the component is shown, and calls the handler of the newest render. An effect
 * would attach that handler some time after the render, and a key that is pressed before would act
 * on the state of the render before.
 * @template {Event} E
 * @param {EventTarget} target
 * @param {string} name of the event
 * @param {(event: E) => void} handler
 * @param {{ capture?: boolean }} [options]
 */
export function useListener(target, name, handler, { capture = false } = {}) {
  const newest = useRef(handler);
  newest.current = handler;
  useLayoutEffect(() => {
    const listener = (/** @type {Event} */ event) => newest.current(/** @type {E} */ (event));
    target.addEventListener(name, listener, { capture });
    return () => target.removeEventListener(name, listener, { capture });
  }, [target, name, capture]);
}
