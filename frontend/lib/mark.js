// @ts-check
/** The state in the head of a page, in the title of its tab and in its icon. */
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { clock } from "./format.js";
import { following, watchConnection } from "./gql.js";
import { useWhatIsShown } from "./shown.js";
import { engineState, STATE_WORDS, stateWords, useEngineState, watchState } from "./state.js";
import { onOneLine } from "./untrusted-text.js";

/** The state of live updates; the component renders again when it changes. */
export function useFollowing() {
  const [now, setNow] = useState(following);
  useEffect(() => {
    setNow(following());
    return watchConnection(() => setNow(following()));
  }, []);
  return now;
}

/** Whether what is shown is true now: the state of the engine, else how recent the data are. */
export function Mark() {
  const engine = useEngineState();
  const { at, hasData } = useWhatIsShown();
  const follows = useFollowing();
  const isWell = engine.state === "up" || engine.state === "unknown";
  // A page without data, such as one that does not exist, has nothing that could be old or awaited.
  if (isWell && !hasData) return null;
  const words = isWell ? freshness(follows, at) : stateWords(engine);
  return html`<span class="pill" data-state=${isWell ? follows : engine.state} title=${words}>
    <i></i><span key=${words}>${words}</span>
  </span>`;
}

/** @param {ReturnType<typeof following>} follows @param {Date | null} at */
function freshness(follows, at) {
  if (follows === "live") return "Live";
  if (follows === "lost") return "Reconnecting";
  if (follows === "connecting") return "Connecting";
  return at ? `As of ${clock(at)}` : "Loading";
}

/** A dot when the engine is not healthy, with a word for screen readers. */
export function StateDot() {
  const { state } = useEngineState();
  if (!(state in PREFIXES)) return null;
  return html`<i class="dot" data-state=${state}></i
    ><span class="visually-hidden" key=${state}> (${STATE_WORDS[state]})</span>`;
}

/** @type {Record<string, string>} */
const PREFIXES = { degraded: "● ", down: "(!) ", "signed-out": "" };
let title = document.title;

/** Sets the title of the tab. @param {string} text */
export function setTitle(text) {
  title = onOneLine(text);
  showInTab();
}

/** @type {Record<string, string>} */
const ICONS = Object.fromEntries(
  Object.entries({ up: "icon", degraded: "icon-degraded", down: "icon-down" }).map(
    ([state, name]) => [state, new URL(`../${name}.svg`, import.meta.url).pathname],
  ),
);
/** Loaded while the engine is up: later it may be down. @type {HTMLImageElement[]} */
const loaded = [];

/** Starts to show the state in the tab. */
export function showStateInTab() {
  for (const address of Object.values(ICONS)) {
    const image = new Image();
    image.src = address;
    loaded.push(image);
  }
  watchState(showInTab);
}

function showInTab() {
  const { state } = engineState();
  // The title may be the name of a user.
  const shown = state === "signed-out" ? `${STATE_WORDS[state]} · aiwebengine` : title;
  document.title = `${PREFIXES[state] ?? ""}${shown}`;
  const link = document.querySelector("link[rel=icon]");
  const icon = ICONS[state] ?? ICONS.up;
  if (link && link.getAttribute("href") !== icon) link.setAttribute("href", icon);
}
