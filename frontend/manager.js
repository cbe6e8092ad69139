// @ts-check
/** The manager: the page of each address, and the frame around it. */
import { render } from "preact";
import { html } from "htm/preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { AuditPage } from "./audit/audit-page.js";
import { signOut } from "./auth/sign-out.js";
import { TokensPage } from "./auth/tokens-page.js";
import { BackupsPage } from "./backups/backups-page.js";
import { DatabasePage } from "./database_admin/database-page.js";
import { HealthPage } from "./health/health-page.js";
import { gql } from "./lib/documents.js";
import { Icon } from "./lib/icons.js";
import { useQuery } from "./lib/load.js";
import { ownTexts } from "./lib/own-text.js";
import { showHidden, untrusted } from "./lib/untrusted-text.js";
import { LogsPage } from "./logs/logs-page.js";
import { failingChecks, watchAccess } from "./lib/gql.js";
import { showStateInTab, StateDot } from "./lib/mark.js";
import { SignedOut } from "./lib/notices.js";
import { Ask, Toasts, Top } from "./lib/parts.js";
import { ROOT, useAddress } from "./lib/router.js";
import { useWhatIsShown } from "./lib/shown.js";
import { notifyOtherTabs, useEngineState, watchEngine } from "./lib/state.js";
import { MaintenancePage } from "./maintenance/maintenance-page.js";
import { ReviewPage } from "./access_reviews/review-page.js";
import { MigrationsPage } from "./migrations/migrations-page.js";
import { ScriptPage } from "./scripts/script-page.js";
import { ScriptsPage } from "./scripts/scripts-page.js";
import { SystemPage } from "./telemetry/system-page.js";
import { UserPage } from "./users/user-page.js";
import { UsersPage } from "./users/users-page.js";

/** @typedef {import("./lib/icons.js").IconName} IconName */

/**
 * @type {{ group: string, path: string, icon: IconName, label: string,
 *   page: (props: { me: { id: string } | null }) => unknown }[]}
 */
const PAGES = [
  { group: "People", path: `${ROOT}/users`, icon: "users", label: "Users", page: UsersPage },
  { group: "People", path: `${ROOT}/audit`, icon: "audit", label: "Audit trail", page: AuditPage },
  { group: "People", path: `${ROOT}/tokens`, icon: "key", label: "API tokens", page: TokensPage },
  { group: "Scripts", path: `${ROOT}/scripts`, icon: "code", label: "Scripts", page: ScriptsPage },
  { group: "Engine", path: `${ROOT}/health`, icon: "heart", label: "Health", page: HealthPage },
  { group: "Engine", path: `${ROOT}/system`, icon: "pulse", label: "System", page: SystemPage },
  { group: "Engine", path: `${ROOT}/logs`, icon: "lines", label: "Logs", page: LogsPage },
  {
    group: "Engine",
    path: `${ROOT}/maintenance`,
    icon: "duties",
    label: "Maintenance",
    page: MaintenancePage,
  },
  { group: "Data", path: `${ROOT}/backups`, icon: "backup", label: "Backups", page: BackupsPage },
  {
    group: "Data",
    path: `${ROOT}/database`,
    icon: "database",
    label: "Database",
    page: DatabasePage,
  },
  {
    group: "Data",
    path: `${ROOT}/migrations`,
    icon: "steps",
    label: "Migrations",
    page: MigrationsPage,
  },
];
const GROUPS = ["People", "Scripts", "Engine", "Data"];
/** @type {{ path: string, icon: IconName, label: string }[]} */
const OTHER_PLACES = [
  { path: "/", icon: "home", label: "Home" },
  { path: "/editor", icon: "pen", label: "Editor" },
  { path: "/graphql", icon: "graph", label: "GraphQL" },
];
const ME = gql("query Me { viewer { id email name roles } }");
const ROLE = "ADMINISTRATOR";

function App() {
  const path = useAddress().split("?")[0].replace(/\/$/, "");
  const { data } = useQuery(ME, {}, { isContent: false });
  const me = data?.viewer ?? null;
  const { state, why } = useEngineState();
  const isOut = state === "signed-out";
  const { isLate } = useWhatIsShown();
  const [offered, setOffered] = useState(
    /** @type {import("./lib/parts.js").Question | null} */ (null),
  );
  // On a phone the menu is folded away; wide screens show it always.
  const [unfolded, setUnfolded] = useState(false);
  useEffect(() => setUnfolded(false), [path]);
  useFocusOnHeading(path);
  return html`<a class="skip" href="#main">Skip to content</a>
    <div class="shell">
      <header class="side on-brand" data-unfolded=${String(unfolded)}>
        <a class="brand" href=${ROOT}>
          <img src=${new URL("icon.svg", import.meta.url).pathname} alt="" />
          <span>Manager<small>Engine administration</small></span>
        </a>
        <button
          class="btn glass fold"
          aria-expanded=${String(unfolded)}
          aria-controls="menu"
          onClick=${() => setUnfolded(!unfolded)}
        >
          <${Icon} name="menu" />Menu<${StateDot} />
        </button>
        <nav id="menu" aria-label="Main">
          ${GROUPS.map(
            (group) =>
              html`<h2>${group}</h2>
                <ul>
                  ${PAGES.filter((entry) => entry.group === group).map(
                    (entry) => html`<${Entry} ...${entry} current=${isAt(path, entry.path)} />`,
                  )}
                </ul>`,
          )}
          <h2>Go to</h2>
          <ul>
            ${OTHER_PLACES.map((entry) => html`<${Entry} ...${entry} />`)}
          </ul>
        </nav>
        <div class="me">
          <span>${!isOut && untrusted(me?.email)}</span>
          <button class="btn glass small" onClick=${() => signOut(setOffered)}>Sign out</button>
        </div>
      </header>
      <main
        class="main"
        id="main"
        tabindex="-1"
        data-waits-in-vain=${String(isLate || state === "down")}
      >
        ${
          // The next person at this computer must not see the data of the last one.
          !isOut && pageAt(path, me)
        }
      </main>
    </div>
    ${isOut && why !== "left" && html`<${SignedOut} />`}
    <${Ask} question=${offered} done=${() => location.assign("/")} />
    ${!isOut && html`<${Toasts} />`}`;
}

/** Moves the focus to the heading of a new page, for screen readers too. @param {string} path */
function useFocusOnHeading(path) {
  const shown = useRef(path);
  // Before paint: later, it would take the focus from where a quick person has put it.
  useLayoutEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    const heading = document.querySelector("#main h1");
    /** @type {HTMLElement | null} */ (heading)?.focus({ preventScroll: true });
  }, [path]);
}

/**
 * @param {{ path: string, icon: IconName, label: string, current?: boolean, page?: unknown,
 *   group?: string }} props
 */
const Entry = ({ path, icon, label, current, page }) =>
  html`<li>
    <a href=${path} aria-current=${current ? "page" : null}
      ><${Icon} name=${icon} />${label}${page === HealthPage && html`<${StateDot} />`}</a
    >
  </li>`;

/** @param {string} path @param {string} entry */
const isAt = (path, entry) =>
  path === entry || path.startsWith(`${entry}/`) || (path === ROOT && entry === PAGES[0].path);

/** @param {string} path @param {{ id: string } | null} me */
function pageAt(path, me) {
  const user = path.match(/\/users\/([\w-]+)$/);
  if (user) return html`<${UserPage} key=${user[1]} id=${user[1]} me=${me} />`;
  const script = path.match(/\/scripts\/([a-z0-9-]+)$/);
  if (script) return html`<${ScriptPage} key=${script[1]} slug=${script[1]} />`;
  if (path === `${ROOT}/maintenance/review`) return html`<${ReviewPage} />`;
  const found = PAGES.find((entry) => entry.path === path || (path === ROOT && entry === PAGES[0]));
  if (found) return html`<${found.page} me=${me} />`;
  return html`<${Top} title="Page not found" text="There is no page at this address." />
    <p class="card empty"><a class="btn" href=${ROOT}>Go to Users</a></p>`;
}

showHidden();
ownTexts();
showStateInTab();
watchEngine(failingChecks);
watchAccess(ROLE);
notifyOtherTabs("signed-in");
const root = /** @type {HTMLElement} */ (document.getElementById("app"));
render(html`<${App} />`, root);
