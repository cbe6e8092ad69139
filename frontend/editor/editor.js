// @ts-check
/** The editor: the list of scripts, and the workspace of each. */
import { render } from "preact";
import { html } from "htm/preact";
import { useLayoutEffect } from "preact/hooks";
import { gql } from "../lib/documents.js";
import { useQuery } from "../lib/load.js";
import { SignedOut } from "../lib/notices.js";
import { ownTexts } from "../lib/own-text.js";
import { Toasts } from "../lib/parts.js";
import { notifyOtherTabs, useEngineState, watchEngine } from "../lib/state.js";
import { showHidden } from "../lib/untrusted-text.js";
import { slugOf, useAddress } from "./address.js";
import { ScriptsPage } from "./list/scripts-page.js";
import { WorkspacePage } from "./workspace/workspace-page.js";

const ME = gql("query EditorMe { viewer { id email name roles } }");

function App() {
  const slug = slugOf(useAddress().split("?")[0]);
  const { state, why } = useEngineState();
  useLayoutEffect(() => {
    // The next person at this computer must not see the data of the last one, who finds everything
    // unchanged after signing in again.
    root.hidden = root.inert = state === "signed-out";
  }, [state]);
  if (why === "left") return null;
  return html`<a class="skip" href="#main">Skip to content</a>
    ${slug ? html`<${WorkspacePage} key=${slug} slug=${slug} />` : html`<${List} />`}
    <${Toasts} />`;
}

/** What is shown instead of the page after the end of the session. */
function Away() {
  const { state, why } = useEngineState();
  return state === "signed-out" && why !== "left" ? html`<${SignedOut} keeps />` : null;
}

function List() {
  const { data } = useQuery(ME, {}, { isContent: false });
  return html`<${ScriptsPage} me=${data?.viewer ?? null} />`;
}

showHidden();
ownTexts();
watchEngine();
notifyOtherTabs("signed-in");
const root = /** @type {HTMLElement} */ (document.getElementById("app"));
render(html`<${App} />`, root);
render(html`<${Away} />`, document.body.appendChild(document.createElement("div")));
