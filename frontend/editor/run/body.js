// @ts-check
/** The body of an answer: a page, an image, JSON, or the text as it came. */
import { html } from "htm/preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { size } from "../../lib/format.js";
import { untrustedLines } from "../../lib/untrusted-text.js";
import { pretty } from "./pretty.js";
import { draw } from "./rendered-page.js";

/** @typedef {import("./documents.js").RunAnswer} RunAnswer */

/** A text is shown up to this length, so that the page stays quick. */
const LONGEST_SHOWN = 200_000;

/** The type of an answer in lower case, without its parameters. @param {Pick<RunAnswer, "headers">} answer */
export function typeOf({ headers }) {
  const found = headers.find(({ name }) => name.toLowerCase() === "content-type");
  return (found?.value ?? "").split(";")[0].trim().toLowerCase();
}

/**
 * How a body is best shown.
 * @param {Pick<RunAnswer, "headers" | "body" | "bodyBase64" | "isTruncated">} answer
 * @returns {"page" | "image" | "json" | "text" | "bytes"}
 */
export function kindOf(answer) {
  const type = typeOf(answer);
  // The beginning of an image is none.
  if (/^image\/[\w.+-]+$/.test(type) && !answer.isTruncated) return "image";
  if (answer.body === null) return "bytes";
  if (type === "text/html" || type === "application/xhtml+xml") return "page";
  if (/[/+]json$/.test(type) && !answer.isTruncated) return "json";
  return "text";
}

/** @typedef {Omit<RunAnswer, "log" | "milliseconds" | "status" | "version">} Shown */

/** @param {{ answer: Shown, isRaw: boolean }} props */
export function Body({ answer, isRaw }) {
  const kind = kindOf(answer);
  const body = answer.body ?? "";
  const text = useMemo(
    () => (kind === "json" && !isRaw ? pretty(body) : body),
    [kind, isRaw, body],
  );
  if (!text && !answer.bodyBase64) return html`<p class="panel-empty">The body is empty.</p>`;
  return html`${isRaw || kind === "text" || kind === "bytes" ? raw(answer, text) : rendered(kind, answer, text)}
  ${
    answer.isTruncated &&
    html`<p class="notice" role="status">
      The answer continues: this is its beginning, ${size(answer.bodySize)}.
    </p>`
  }`;
}

/** @param {Shown} answer @param {string} text */
function raw(answer, text) {
  if (answer.body !== null) return html`<${Text} key=${answer.requestId} text=${text} />`;
  return html`<p class="panel-empty">
    ${size(answer.bodySize)} of ${typeOf(answer) || "unknown type"}, which is not text.
  </p>`;
}

/** @param {"page" | "image" | "json"} kind @param {Shown} answer @param {string} text */
function rendered(kind, answer, text) {
  if (kind === "json") return html`<${Text} key=${answer.requestId} text=${text} />`;
  if (kind === "page") return html`<${Page} key=${answer.requestId} text=${text} />`;
  const data = answer.bodyBase64 ?? "";
  const address = data
    ? `;base64,${data}`
    : `,${encodeURIComponent(text.replace(/\p{Surrogate}/gu, "\ufffd"))}`;
  return html`<img class="run-image" src="data:${typeOf(answer)}${address}" alt="The answer" />`;
}

/** @param {{ text: string }} props */
function Text({ text }) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? text : text.slice(0, LONGEST_SHOWN);
  // The workspace renders while somebody types.
  const lines = useMemo(() => untrustedLines(shown), [shown]);
  return html`<pre class="run-body" tabindex="0" role="group" aria-label="Body">${lines}</pre>
    ${
      shown.length < text.length &&
      html`<button class="btn small" onClick=${() => setWhole(true)}>Show all of it</button>`
    }`;
}

/** @param {{ text: string }} props */
function Page({ text }) {
  const frame = useRef(/** @type {HTMLIFrameElement | null} */ (null));
  const [problem, setProblem] = useState(/** @type {string | null} */ (null));
  useLayoutEffect(() => {
    if (frame.current) setProblem(draw(frame.current, text));
  }, [text]);
  if (problem) {
    return html`<p class="notice">${problem}</p>
      <${Text} text=${text} />`;
  }
  return html`<iframe
      ref=${frame}
      class="run-page"
      sandbox="allow-same-origin"
      title="The page, without scripts and links"
    ></iframe>
    <p class="run-hint">Scripts, links and files that the page loads are left out here.</p>`;
}
