// @ts-check
/** The manager: which page stands at which address, and what is around it. */
import { render } from "preact";
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { AuditPage } from "./audit/audit-page.js";
import { TokensPage } from "./auth/tokens-page.js";
import { BackupsPage } from "./backups/backups-page.js";
import { Icon } from "./lib/icons.js";
import { useQuery } from "./lib/load.js";
import { Ask, Toasts, Top } from "./lib/parts.js";
import { ROOT, useAddress } from "./lib/router.js";
import { UserPage } from "./users/user-page.js";
import { UsersPage } from "./users/users-page.js";

const PAGES = [
  { path: `${ROOT}/users`, icon: "users", label: "Users", page: UsersPage },
  { path: `${ROOT}/audit`, icon: "audit", label: "Audit trail", page: AuditPage },
  { path: `${ROOT}/backups`, icon: "backup", label: "Backups", page: BackupsPage },
  { path: `${ROOT}/tokens`, icon: "key", label: "API tokens", page: TokensPage },
];
const DOORS = [
  { path: "/", icon: "home", label: "Home" },
  { path: "/editor", icon: "code", label: "Editor" },
  { path: "/graphql", icon: "graph", label: "GraphQL" },
];
const ME = "{ viewer { id email name roles } }";

function App() {
  const path = useAddress().split("?")[0].replace(/\/$/, "");
  const { data } = useQuery(ME, {});
  const me = data?.viewer;
  const [offered, setOffered] = useState(
    /** @type {import("./lib/parts.js").Question | null} */ (null),
  );
  return html`<a class="skip" href="#main">Skip to the content</a>
    <div class="shell">
      <header class="side on-brand">
        <a class="brand" href=${ROOT}>
          <img src=${new URL("icon.svg", import.meta.url).pathname} alt="" />
          <span>Manager<small>Engine administration</small></span>
        </a>
        <nav aria-label="Main">
          <h2>Manage</h2>
          <ul>
            ${PAGES.map((entry) => html`<${Entry} ...${entry} current=${isAt(path, entry.path)} />`)}
          </ul>
          <h2>Go to</h2>
          <ul>
            ${DOORS.map((entry) => html`<${Entry} ...${entry} />`)}
          </ul>
        </nav>
        <div class="me">
          <span>${me?.email ?? ""}</span>
          <button class="btn glass small" onClick=${() => signOut(setOffered)}>Sign out</button>
        </div>
      </header>
      <main class="main" id="main" tabindex="-1">${pageAt(path, me)}</main>
    </div>
    <${Ask} question=${offered} done=${() => location.assign("/")} />
    <${Toasts} />`;
}

/** @param {any} props */
const Entry = ({ path, icon, label, current }) =>
  html`<li>
    <a href=${path} aria-current=${current ? "page" : null}><${Icon} name=${icon} />${label}</a>
  </li>`;

/** @param {string} path @param {string} entry */
const isAt = (path, entry) =>
  path === entry || path.startsWith(`${entry}/`) || (path === ROOT && entry === PAGES[0].path);

/** @param {string} path @param {any} me */
function pageAt(path, me) {
  const user = path.match(/\/users\/([\w-]+)$/);
  if (user) return html`<${UserPage} key=${user[1]} id=${user[1]} me=${me} />`;
  const found = PAGES.find((entry) => entry.path === path || (path === ROOT && entry === PAGES[0]));
  if (found) return html`<${found.page} me=${me} />`;
  return html`<${Top} title="Nothing is here" text="This address leads nowhere." />
    <p class="card empty"><a class="btn" href=${ROOT}>Go to the users</a></p>`;
}

/**
 * End the session here, and offer to end it at the provider where that is possible.
 * @param {(question: import("./lib/parts.js").Question) => void} offer
 */
async function signOut(offer) {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch("/auth/logout", { method: "POST", headers, body: "{}" });
  const told = answer.status === 200 ? await answer.json() : null;
  if (told === null) {
    location.assign("/");
    return;
  }
  offer({
    title: "You are signed out here",
    text: `Sign out at ${told.provider} as well? Other sites that you use with it will ask again.`,
    verb: `Sign out at ${told.provider}`,
    run: async () => location.assign(told.logoutUrl),
  });
}

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
render(html`<${App} />`, root);
