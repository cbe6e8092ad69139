// @ts-check
/** What is open in a workspace, and its address: each follows the other. */
import { useEffect, useLayoutEffect } from "preact/hooks";
import { addressOf, go, note, openByAddress, useAddress } from "../address.js";

/** Browsers refuse an address that changes more often than about 200 times in 30 seconds. */
const LINE_AFTER_MS = 500;

/**
 * Returns the panel that the address names.
 * @param {import("./files.js").Workspace} workspace @param {boolean} isLoaded
 */
export function useAddressOf(workspace, isLoaded) {
  useAddress();
  const { file, line, panel } = openByAddress();
  // Both at once, before paint: later, each would undo what a quick person has opened by the other.
  useLayoutEffect(() => {
    if (!isLoaded) return;
    const wanted = workspace.has(file) ? file : "";
    if (wanted && wanted !== workspace.current?.path)
      workspace.open(wanted, { line: Number(line) || undefined });
    else if (!wanted && !workspace.current) openFirst(workspace);
  }, [isLoaded, file]);
  const { path = "", line: at = 0 } = workspace.current ?? {};
  useLayoutEffect(() => {
    const open = openByAddress();
    // Not the file of the render: above, another one may have been opened.
    const shown = workspace.current?.path ?? "";
    if (isLoaded && shown !== open.file)
      go(addressOf(workspace.slug, { ...open, file: shown, line: "" }), { replace: !open.file });
  }, [isLoaded, path]);
  useEffect(() => {
    if (!isLoaded || !path) return undefined;
    const timer = setTimeout(() => {
      const open = { ...openByAddress(), line: at > 1 ? String(at) : "" };
      note(addressOf(workspace.slug, open));
    }, LINE_AFTER_MS);
    return () => clearTimeout(timer);
  }, [isLoaded, path, at]);
  return panel;
}

/** Opens the file that the engine loads, or the first one. @param {import("./files.js").Workspace} workspace */
function openFirst(workspace) {
  const [first] = workspace.paths();
  const path = workspace.entry ?? first;
  if (path) workspace.open(path);
}
