// @ts-check
/** The dialog that merges what two people have changed. Closing it changes nothing. */
import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Time } from "../../lib/parts.js";
import { untrusted, untrustedLines } from "../../lib/untrusted-text.js";
import { withLineFeeds } from "../workspace/line-breaks.js";
import { WideDialog } from "./dialogs.js";
import { MergeEditor } from "./merge-editor.js";
import { count, nouns } from "../../lib/format.js";

/**
 * @typedef {import("./merging.js").MergedFile} MergedFile
 * @typedef {import("./merging.js").Content} Content
 * @typedef {import("./merging.js").Choice} Choice
 * @typedef {import("./merge-editor.js").Place} Place
 * @typedef {Map<string, Content | null>} Result contents by path; null removes the file
 * @typedef {{ number: number, authorName: string, createdAt: string, message: string }} Theirs
 * @typedef {() => Content | null} Read
 */

/** @param {{ theirs: Theirs, files: MergedFile[], done: (result: Result | null) => void }} props */
export function MergeView({ theirs, files, done }) {
  const [left, setLeft] = useState(
    () => new Map(files.filter(({ kind }) => kind !== "settled").map(({ path }) => [path, 1])),
  );
  const reads = useRef(/** @type {Map<string, Read>} */ (new Map()));
  const open = [...left.values()].reduce((sum, number) => sum + number, 0);
  const finish = () =>
    done(
      new Map(
        files.map((file) => [
          file.path,
          file.kind === "settled" ? file.content : (reads.current.get(file.path)?.() ?? null),
        ]),
      ),
    );
  const decide = (/** @type {string} */ path, /** @type {number} */ number) =>
    setLeft((before) => new Map(before).set(path, number));
  const parts = { decide, reads: reads.current, author: theirs.authorName };
  return html`<${WideDialog} title="Merge two changes" close=${() => done(null)}>
    <p>
      ${untrusted(theirs.authorName)} saved version ${theirs.number}${" "}
      <${Time} iso=${theirs.createdAt} /> while you were working on these files.
    </p>
    ${theirs.message && html`<p class="version-message">${untrustedLines(theirs.message)}</p>`}
    <${Settled} files=${files} author=${theirs.authorName} />
    ${files.map(
      (file) =>
        (file.kind === "text" && html`<${TextFile} key=${file.path} file=${file} ...${parts} />`) ||
        (file.kind === "whole" && html`<${WholeFile} key=${file.path} file=${file} ...${parts} />`),
    )}
    <div class="dialog-end">
      <p role="status">
        ${open ? `${count(open, "conflict")} ${nouns(open, "is", "are")} left to decide.` : "All is decided."}
      </p>
      <button class="btn" onClick=${() => done(null)}>Keep my draft, decide later</button>
      <button class="btn primary" disabled=${open > 0} onClick=${finish}>Save merged</button>
    </div>
  <//>`;
}

/** What needs no decision. @param {{ files: MergedFile[], author: string }} props */
function Settled({ files, author }) {
  const settled = files.filter(({ kind }) => kind === "settled");
  if (settled.length === 0) return null;
  return html`<details open=${settled.length === files.length}>
    <summary>Merged without a conflict: ${settled.length}</summary>
    <ul class="merged-files">
      ${settled.map(
        (file) =>
          html`<li key=${file.path}>
            <code>${untrusted(file.path)}</code>${" "}
            ${file.kind === "settled" && wordsOf(file, author)}
          </li>`,
      )}
    </ul>
  </details>`;
}

/** @param {Extract<MergedFile, { kind: "settled" }>} file @param {string} author */
function wordsOf({ by, content }, author) {
  const act = content ? "changed" : "removed";
  if (by === "mine") return `${act} by you`;
  if (by === "theirs") return html`${act} by ${untrusted(author)}`;
  return `${act} by both`;
}

/**
 * @typedef {{ decide: (path: string, left: number) => void, reads: Map<string, Read>,
 *   author: string }} Parts
 */

/** @param {{ file: Extract<MergedFile, { kind: "text" }> } & Parts} props */
function TextFile({ file, decide, reads, author }) {
  const host = useRef(/** @type {HTMLDivElement | null} */ (null));
  const editor = useRef(/** @type {MergeEditor | null} */ (null));
  const [places, setPlaces] = useState(/** @type {readonly Place[]} */ ([]));
  useEffect(() => {
    if (!host.current) return undefined;
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: "open" });
    const theirs = file.theirs && "text" in file.theirs ? file.theirs.text : "";
    const { path, pieces } = file;
    const own = new MergeEditor(root, { path, pieces, theirs }, (now) => {
      setPlaces(now);
      decide(path, now.filter(({ choice }) => !choice).length);
    });
    editor.current = own;
    reads.set(path, () => ({ text: own.text() }));
    return () => own.destroy();
  }, [file]);
  return html`<section class="merged" aria-label=${file.path}>
    <h3><code>${untrusted(file.path)}</code></h3>
    <ol class="clashes">
      ${places.map(
        (place, index) =>
          html`<${Clash}
            key=${index}
            place=${place}
            number=${index + 1}
            author=${author}
            choose=${(/** @type {Choice} */ choice) => editor.current?.choose(index, choice)}
          />`,
      )}
    </ol>
    <div ref=${host} class="merge-code"></div>
  </section>`;
}

/**
 * @param {{ place: Place, number: number, author: string, choose: (choice: Choice) => void }} props
 */
const Clash = ({ place, number, author, choose }) =>
  html`<li class="clash" data-open=${String(!place.choice)}>
    <div class="merge-sides">
      <${Side} name="Yours" text=${place.clash.mine} />
      <${Side} name=${author} text=${place.clash.theirs} />
    </div>
    <div class="merge-choices" role="group" aria-label=${`Conflict ${number}`}>
      ${CHOICES.map(
        ([choice, words]) =>
          html`<button
            class="btn small"
            aria-pressed=${String(place.choice === choice)}
            onClick=${() => choose(choice)}
          >
            ${words}
          </button>`,
      )}
      <span class="badge">${place.choice ? DECIDED[place.choice] : "not decided"}</span>
    </div>
  </li>`;

/** @type {readonly [Choice, string][]} */
const CHOICES = [
  ["mine", "Take mine"],
  ["theirs", "Take theirs"],
  ["both", "Take both"],
];
const DECIDED = { mine: "mine", theirs: "theirs", both: "both", edited: "edited below" };

/** @param {{ name: string, text: string }} props */
const Side = ({ name, text }) =>
  html`<figure class="merge-side">
    <figcaption>${untrusted(name)}</figcaption>
    <pre tabindex="0">${text ? withLineFeeds(text).replace(/\n$/, "") : html`<i>nothing</i>`}</pre>
  </figure>`;

/** A file that is not merged by line. @param {{ file: Extract<MergedFile, { kind: "whole" }> } & Parts} props */
function WholeFile({ file, decide, reads, author }) {
  const [choice, setChoice] = useState(/** @type {"mine" | "theirs" | null} */ (null));
  const choose = (/** @type {"mine" | "theirs"} */ side) => {
    reads.set(file.path, () => file[side]);
    setChoice(side);
    decide(file.path, 0);
  };
  const words = (/** @type {Content | null} */ content) => (content ? "changed it" : "removed it");
  return html`<section class="merged" aria-label=${file.path}>
    <h3><code>${untrusted(file.path)}</code></h3>
    <p>
      You ${words(file.mine)}, ${untrusted(author)} ${words(file.theirs)}. Choose one of the two.
    </p>
    <div class="merge-choices" role="group" aria-label=${`Choose ${file.path}`}>
      ${
        /** @type {const} */ (["mine", "theirs"]).map(
          (side) =>
            html`<button
              class="btn small"
              aria-pressed=${String(choice === side)}
              onClick=${() => choose(side)}
            >
              ${side === "mine" ? "Take mine" : "Take theirs"}
            </button>`,
        )
      }
    </div>
  </section>`;
}
