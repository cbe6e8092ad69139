// @ts-check
/** A file that is no text: a picture is shown, of anything else its size. */
import { html } from "htm/preact";
import { useMemo } from "preact/hooks";
import { size } from "../../lib/format.js";
import { untrusted } from "../../lib/untrusted-text.js";
import { toBase64 } from "./base64.js";
import { endingOf } from "./endings.js";

/** The policy of the page allows pictures from `data:`, not from `blob:`. @type {Record<string, string>} */
const PICTURES = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  avif: "image/avif",
  ico: "image/x-icon",
  bmp: "image/bmp",
};

/** @param {{ workspace: import("./files.js").Workspace, path: string }} props */
export function BinaryView({ workspace, path }) {
  const bytes = workspace.bytes(path);
  const type = PICTURES[endingOf(path)];
  const address = useMemo(
    () => (bytes && type ? `data:${type};base64,${toBase64(bytes)}` : ""),
    [bytes, type],
  );
  return html`<div class="binary" role="group" aria-label=${path}>
    ${address && html`<img src=${address} alt=${`The picture ${path}`} />`}
    <p>
      ${untrusted(path)}, ${size(workspace.sizeOf(path))}.${" "}
      ${bytes ? !address && "It is not text, so it can't be edited here." : TOO_LARGE}
    </p>
  </div>`;
}

const TOO_LARGE =
  "It is too large to be shown here, and is saved as it is. Upload another file to replace it.";
