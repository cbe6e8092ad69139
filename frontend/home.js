// @ts-check
/** The parts of the home page that update by themselves. */
import { html } from "htm/preact";
import { render } from "preact";
import { MySessions } from "./auth/my-sessions.js";
import { MyTokens } from "./auth/my-tokens.js";
import { ownTexts } from "./lib/own-text.js";
import { failingChecks } from "./lib/gql.js";
import { showStateInTab } from "./lib/mark.js";
import { SignedOut } from "./lib/notices.js";
import {
  stateWords,
  notifyOtherTabs,
  useEngineState,
  watchEngine,
  watchState,
} from "./lib/state.js";
import { showHidden, untrusted } from "./lib/untrusted-text.js";

/** @param {{ version: string }} props */
function EngineLine({ version }) {
  const engine = useEngineState();
  const words = stateWords(engine);
  const details = engine.checks.map(({ title, detail }) => `${title}: ${detail}`).join("; ");
  return html`<p class="state" data-state=${engine.state} role="status">
    <i></i>
    <span key=${words}>${words}${engine.state === "up" && ` · version ${version}`}</span>
    ${engine.state === "down" && html`<span key=${details}>${untrusted(details)}</span>`}
  </p>`;
}

/** The sessions and tokens of the viewer; nothing after the end of the session. */
function Mine() {
  const { state, why } = useEngineState();
  if (state !== "signed-out") return html`<${MySessions} /><${MyTokens} />`;
  return why === "left" ? null : html`<${SignedOut} />`;
}

showHidden();
ownTexts();
showStateInTab();
const line = document.getElementById("engine-state");
const mine = document.getElementById("my-sessions");
if (line) {
  const { version = "", names } = line.dataset;
  // Until the first check the page shows the state that the server rendered.
  const stop = watchState(() => {
    stop();
    render(html`<${EngineLine} version=${version} />`, line);
  });
  watchEngine(names ? failingChecks : undefined);
}
if (mine) {
  notifyOtherTabs("signed-in");
  render(html`<${Mine} />`, mine);
}
