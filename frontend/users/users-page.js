// @ts-check
/** The list of users. */
import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { csv } from "../lib/csv.js";
import { gql } from "../lib/documents.js";
import { ask, follow } from "../lib/gql.js";
import { Icon } from "../lib/icons.js";
import { useQuery } from "../lib/load.js";
import { Ask, Failure, say, sayRefused, Top } from "../lib/parts.js";
import { Pager } from "../lib/pager.js";
import { useParameters } from "../lib/router.js";
import { ScrollBox } from "../lib/scroll-box.js";
import { SearchField } from "../lib/search-field.js";
import { count } from "../lib/format.js";
import { untrusted } from "../lib/untrusted-text.js";
import { inviteQuestion } from "./invite.js";
import { answers, changeRole, needsNoQuestion, question, USER_FIELDS } from "./roles.js";
import { Stats, USER_STATS } from "./stats.js";
import { UserRow } from "./user-row.js";

/** @typedef {import("../types/schema").Role} Role */
/** @typedef {import("../types/documents").UserFields} User */
/** @typedef {import("../types/documents").UsersData} UsersData */
/** @typedef {import("../types/documents").UserFiguresData} UserFiguresData */
/** @typedef {import("../types/documents").UserChangesData["userChanged"]} UserChange */
/** @typedef {import("../lib/parts.js").Question} Question */
/** @typedef {typeof DEFAULTS} State */
/** @typedef {import("../lib/router.js").SetParameters<State>} SetState */
/** @typedef {Partial<Record<Role, UserFiguresData["roles"][number]>>} Counts */

const DEFAULTS = { q: "", role: "", sort: "-created", size: "50", after: "" };
const SORTS = /** @type {const} */ ({ created: "CREATED_AT", name: "NAME" });
const SIZES = ["25", "50", "100"];
const MAX_EXPORTED = 10_000;

const LIST = gql(
  `query Users(
    $first: Int!, $after: String, $search: String, $role: Role, $order: UserOrder
  ) {
    users(first: $first, after: $after, search: $search, role: $role, orderBy: $order) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { ...UserFields }
    }
  }`,
  USER_FIELDS,
);
const FIGURES = gql(
  `query UserFigures {
    roles { role userCount activeUserCount }
    systemStats { users { ...UserStatsFields } }
  }`,
  USER_STATS,
);
const CHANGES = gql(
  "subscription UserChanges { userChanged { kind user { ...UserFields } } }",
  USER_FIELDS,
);

/** @param {{ me: { id: string } | null }} props */
export function UsersPage({ me }) {
  const [state, setState] = useParameters(DEFAULTS);
  const list = useQuery(LIST, variables(state));
  const figures = useQuery(FIGURES, {});
  const [asked, setAsked] = useState(/** @type {Question | null} */ (null));
  const [flash, setFlash] = useState("");
  /** @type {Counts} */
  const counts = Object.fromEntries((figures.data?.roles ?? []).map((one) => [one.role, one]));

  /** @param {User} user */
  const show = (user) => {
    list.change((data) => ({
      users: {
        ...data.users,
        // An event may arrive late: the list may already have a newer version.
        nodes: data.users.nodes.map((one) =>
          one.id === user.id && one.version <= user.version ? user : one,
        ),
      },
    }));
    setFlash(user.id);
  };
  useChanges((change) => {
    if (change.kind === "ACCESS") return;
    if (change.user && change.kind !== "CREATED") show(change.user);
    else list.reload();
    figures.reload();
  });

  /** @param {User} user @param {Role} role */
  const change = (user, role) => {
    const add = !user.roles.includes(role);
    const run = async (/** @type {FormData} */ form) =>
      show(await changeRole(user, role, add, answers(form)));
    if (needsNoQuestion(user, role)) run(new FormData()).catch(sayRefused);
    else setAsked({ ...question(user, role, user.id === me?.id), run });
  };
  const users = list.data?.users;
  return html`<${Top} title="Users" text="User accounts and their roles." />
    <${Stats} stats=${figures.data?.systemStats.users} />
    <section class="card" aria-label="List of users">
      <${Bar} state=${state} setState=${setState} counts=${counts}>
        <button class="btn" onClick=${() => void exportAll(state).catch(sayRefused)}>
          <${Icon} name="save" />Export CSV
        </button>
        <button class="btn primary" onClick=${() => setAsked(inviteQuestion(list.reload))}>
          <${Icon} name="plus" />Invite
        </button>
      <//>
      ${list.error && html`<${Failure} error=${list.error} retry=${list.reload} />`}
      ${
        users?.nodes.length === 0
          ? html`<${Nobody} state=${state} clear=${() => setState(DEFAULTS)} />`
          : html`<${ScrollBox} label="Users">
              <table class="fixed users" aria-label="Users" aria-busy=${String(list.loading)}>
                <${Head} state=${state} setState=${setState} />
                <tbody>
                  ${
                    users
                      ? users.nodes.map(
                          (user) =>
                            html`<${UserRow}
                              key=${user.id}
                              user=${user}
                              search=${state.q}
                              isMe=${user.id === me?.id}
                              flash=${user.id === flash}
                              activeAdministrators=${counts.ADMINISTRATOR?.activeUserCount}
                              change=${change}
                            />`,
                        )
                      : !list.error && html`<${Skeleton} />`
                  }
                </tbody>
              </table>
            <//>`
      }
      <${Pager}
        noun="user"
        sizes=${SIZES}
        state=${state}
        setState=${setState}
        page=${users}
        isStale=${list.isStale}
      />
    </section>
    <${Ask} question=${asked} done=${() => setAsked(null)} />`;
}

/** @param {(change: UserChange) => void} changed */
function useChanges(changed) {
  const newest = useRef(changed);
  newest.current = changed;
  useEffect(() => follow(CHANGES, (data) => newest.current(data.userChanged)), []);
}

/** @param {State} state @returns {import("../types/documents").UsersVariables} */
function variables(state) {
  const name = /** @type {keyof typeof SORTS} */ (state.sort.replace("-", ""));
  return {
    first: Math.min(200, Number(state.size) || 50),
    after: state.after || null,
    search: state.q || null,
    role: /** @type {Role | ""} */ (state.role) || null,
    order: {
      field: SORTS[name] ?? "CREATED_AT",
      direction: state.sort.startsWith("-") ? "DESC" : "ASC",
    },
  };
}

/** @param {{ state: State, setState: SetState, counts: Counts, children?: unknown }} props */
function Bar({ state, setState, counts, children }) {
  /** @type {[string, string, number | undefined][]} */
  const choices = [
    ["", "All", counts.AUTHENTICATED?.userCount],
    ["EDITOR", "Editors", counts.EDITOR?.userCount],
    ["ADMINISTRATOR", "Admins", counts.ADMINISTRATOR?.userCount],
  ];
  return html`<div class="bar">
    <${SearchField}
      label="Search users"
      placeholder="Search name or email"
      value=${state.q}
      change=${(/** @type {string} */ q) => setState({ q, after: "" }, true)}
      shortcut
    />
    <div class="segments" role="group" aria-label="Filter by role">
      ${choices.map(
        ([role, label, number]) =>
          html`<button
            aria-pressed=${String(state.role === role)}
            onClick=${() => setState({ role, after: "" })}
          >
            ${label}<span class="number">${count(number)}</span>
          </button>`,
      )}
    </div>
    <div class="end">${children}</div>
  </div>`;
}

/** @param {{ state: State, setState: SetState }} props */
function Head({ state, setState }) {
  const sortable = (/** @type {string} */ name, /** @type {string} */ label) => {
    const down = state.sort === `-${name}`;
    const active = down || state.sort === name;
    const next = active && !down ? `-${name}` : name;
    return html`<th
      scope="col"
      class=${name}
      aria-sort=${active ? (down ? "descending" : "ascending") : null}
    >
      <button onClick=${() => setState({ sort: next, after: "" })}>
        ${label}${active && html`<${Icon} name=${down ? "down" : "up"} />`}
      </button>
    </th>`;
  };
  return html`<thead>
    <tr>
      ${sortable("name", "User")}
      <th scope="col" class="roles-held">Roles</th>
      <th scope="col" class="providers">Providers</th>
      ${sortable("created", "Created")}
      <th scope="col" class="does">Actions</th>
    </tr>
  </thead>`;
}

const Skeleton = () =>
  Array.from(
    { length: 12 },
    (_, row) =>
      html`<tr key=${row}>
        ${[1, 2, 3, 4, 5].map(
          (cell) =>
            html`<td class=${cell === 3 ? "providers" : ""}><span class="skeleton"></span></td>`,
        )}
      </tr>`,
  );

/** @param {{ state: State, clear: () => void }} props */
function Nobody({ state, clear }) {
  const filtered = state.q || state.role;
  return html`<div class="empty">
    <b>${state.q ? html`No users match “${untrusted(state.q)}”` : "No users yet"}</b>
    <span
      >${filtered ? "Try part of a name or email address." : "Invite a user to get started."}</span
    >
    ${filtered && html`<button class="btn" onClick=${clear}>Clear filters</button>`}
  </div>`;
}

/** @param {State} state */
async function exportAll(state) {
  /** @type {unknown[][]} */
  const rows = [["email", "verified", "name", "status", "roles", "providers", "created"]];
  let after = /** @type {string | null} */ (null);
  do {
    /** @type {UsersData} */
    const { users } = await ask(LIST, { ...variables(state), first: 200, after });
    for (const user of users.nodes) {
      const { email, emailVerified, name, status, roles, providers, createdAt } = user;
      rows.push([
        email,
        emailVerified ? "yes" : "no",
        name,
        status,
        roles.join(" "),
        providers.join(" "),
        createdAt,
      ]);
    }
    after = users.pageInfo.hasNextPage ? users.pageInfo.endCursor : null;
  } while (after && rows.length <= MAX_EXPORTED);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(["\ufeff", csv(rows)], { type: "text/csv" }));
  link.download = "users.csv";
  link.click();
  URL.revokeObjectURL(link.href);
  say(`${count(rows.length - 1, "user")} exported${after ? "; the list has more" : ""}.`);
}
