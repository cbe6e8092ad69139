// @ts-check
/** The editor: the list of scripts, and the workspace of each. */
import { render } from "preact";
import { html } from "htm/preact";
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
  // The next person at this computer must not see the data of the last one.
  if (state === "signed-out") return why === "left" ? null : html`<${SignedOut} />`;
  return html`<a class="skip" href="#main">Skip to content</a>
    ${slug ? html`<${WorkspacePage} key=${slug} slug=${slug} />` : html`<${List} />`}
    <${Toasts} />`;
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
