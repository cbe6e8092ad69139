// @ts-check
/** Files and folders that somebody drops on the dialog that a component is in. */
import { useLayoutEffect, useRef } from "preact/hooks";
import { dropped } from "../workspace/uploads.js";
import { isLeftOut, withoutFolder } from "./own-paths.js";

/** @typedef {ReturnType<typeof withoutFolder<import("../workspace/uploads.js").Upload>>} Dropped */

/**
 * @param {{ taken: (files: Dropped) => void, refused: (error: unknown) => void }} acts
 * @returns {import("preact").RefObject<HTMLElement | null>} of an element in the dialog
 */
export function useDrop(acts) {
  const inside = useRef(/** @type {HTMLElement | null} */ (null));
  const newest = useRef(acts);
  newest.current = acts;
  // Before paint: what is dropped at once would be opened by the browser.
  useLayoutEffect(() => {
    const dialog = inside.current?.closest("dialog");
    if (!dialog) return undefined;
    // Before a field for files takes a part of them.
    const options = { capture: true };
    dialog.addEventListener("dragover", over, options);
    const drop = (/** @type {DragEvent} */ event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      const given = /** @type {DataTransfer} */ (event.dataTransfer);
      dropped(given, isLeftOut).then(
        (files) => newest.current.taken(withoutFolder(files)),
        (error) => newest.current.refused(error),
      );
    };
    dialog.addEventListener("drop", drop, options);
    return () => {
      dialog.removeEventListener("dragover", over, options);
      dialog.removeEventListener("drop", drop, options);
    };
  }, []);
  return inside;
}

/** Without this, the browser would open what is dropped. @param {DragEvent} event */
const over = (event) => hasFiles(event) && event.preventDefault();

/** @param {DragEvent} event */
const hasFiles = ({ dataTransfer }) => Boolean(dataTransfer?.types.includes("Files"));
