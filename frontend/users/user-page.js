// @ts-check
/** One user: roles and how they came about, identities, sessions, tokens, history. */
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { Sentence, SENTENCE } from "../audit/sentence.js";
import { browserName } from "../lib/browser.js";
import { gql } from "../lib/documents.js";
import { EndDate } from "../lib/end-date.js";
import { date, exactly } from "../lib/format.js";
import { ask, follow } from "../lib/gql.js";
import { useQuery } from "../lib/load.js";
import { REVOKE_TOKEN } from "../auth/revoke-token.js";
import { Ask, Failure, RoleBadge, ROLE_NAMES, say, sayRefused, Time, Top } from "../lib/parts.js";
import { go, ROOT } from "../lib/router.js";
import { untrusted } from "../lib/untrusted-text.js";
import {
  answers,
  changeRole,
  obstacle,
  question,
  StatusBadge,
  UnverifiedBadge,
  USER_FIELDS,
} from "./roles.js";

/** @typedef {import("../types/schema").Role} Role */
/** @typedef {import("../types/documents").UserPageData} UserPageData */
/** @typedef {NonNullable<UserPageData["user"]>} User */
/** @typedef {import("../lib/parts.js").Question} Question */

const USER = gql(
  `query UserPage($id: ID!) {
    user(id: $id) {
      ...UserFields
      grants { role grantedAt grantedBy reason expiresAt }
      identities { provider email emailVerified createdAt }
      sessions { id address userAgent lastSeenAt current }
      apiTokens { id name prefix madeBy expiresAt lastUsedAt }
    }
    roles { role activeUserCount }
    suspension: auditEvents(first: 1, filter: { targetId: $id, actions: [USER_SUSPENDED] }) {
      nodes { at actorLabel reason }
    }
    auditEvents(first: 20, filter: { userId: $id }) { nodes { ...SentenceFields } }
  }`,
  USER_FIELDS,
  SENTENCE,
);
const CHANGED = gql("subscription ChangedUsers { userChanged { userId } }");
const DELETE = gql(`mutation DeleteUser($input: DeleteUserInput!) {
  deleteUser(input: $input) { user { id } }
}`);
const SUSPEND = gql(`mutation SuspendUser($input: SuspendUserInput!) {
  suspendUser(input: $input) { user { id } }
}`);
const REINSTATE = gql(`mutation ReinstateUser($input: ReinstateUserInput!) {
  reinstateUser(input: $input) { user { id } }
}`);
const END_SESSION = gql(`mutation EndSession($input: RevokeSessionInput!) {
  revokeSession(input: $input) { user { id } }
}`);

/** @param {{ id: string, me: { id: string } | null }} props */
export function UserPage({ id, me }) {
  const { data, error, reload } = useQuery(USER, { id });
  const [asked, setAsked] = useState(/** @type {Question | null} */ (null));
  useEffect(
    () =>
      follow(CHANGED, ({ userChanged }) => {
        if (userChanged.userId === id) reload();
      }),
    [id, reload],
  );
  if (!data) {
    return html`<${Top} title="User" text=${error ? "" : "Loading…"} />
      ${error && html`<${Failure} error=${error} retry=${reload} />`}`;
  }
  const user = data.user;
  if (!user) {
    return html`<${Top} title="User not found" text="There is no user with this ID." />
      <p class="card empty"><a class="btn" href="${ROOT}/users">All users</a></p>`;
  }
  const administrators = data.roles.find(({ role }) => role === "ADMINISTRATOR")?.activeUserCount;
  const isMe = user.id === me?.id;
  const after = async (/** @type {Promise<unknown>} */ change, /** @type {unknown} */ text) => {
    await change;
    say(text);
    reload();
  };
  const attempt = (/** @type {Promise<unknown>} */ change, /** @type {unknown} */ text) =>
    after(change, text).catch(sayRefused);

  /** @param {Role} role */
  const change = (role) => {
    const add = !user.roles.includes(role);
    const act = async (/** @type {FormData} */ form) => {
      await changeRole(user, role, add, answers(form));
      reload();
    };
    setAsked({ ...question(user, role, isMe), run: act });
  };
  const remove = () =>
    setAsked({
      title: html`Permanently delete ${untrusted(user.email)}?`,
      text: "This also deletes the user's roles, sessions and API tokens. The audit trail is kept.",
      verb: "Delete",
      recent: true,
      danger: true,
      word: user.email,
      run: async () => {
        await ask(DELETE, { input: { userId: id } });
        say(html`${untrusted(user.email)} was deleted.`);
        go(`${ROOT}/users`);
      },
    });
  const suspend = () =>
    setAsked({
      title: html`Suspend ${untrusted(user.email)}?`,
      text: "All sessions end immediately and all API tokens are revoked permanently. Roles are kept, but have no effect until the user is reinstated.",
      verb: "Suspend",
      recent: true,
      danger: true,
      fields: html`<label class="field">Reason<input name="reason" maxlength="500" /></label>`,
      run: (/** @type {FormData} */ form) =>
        after(
          ask(SUSPEND, { input: { userId: id, reason: String(form.get("reason")) } }),
          html`${untrusted(user.email)} was suspended.`,
        ),
    });
  const last = obstacle(user, "ADMINISTRATOR", administrators);
  return html`<${Top} title=${user.name || user.email} text=${untrusted(user.email)}>
      <a class="btn glass" href="${ROOT}/users">All users</a>
    <//>
    <div class="detail">
      ${error && html`<${Failure} error=${error} retry=${reload} />`}
      <section class="card">
        <div class="head">
          <h2>Account</h2>
          <div class="actions">
            ${
              user.status === "SUSPENDED"
                ? html`<button
                    class="btn"
                    onClick=${() => attempt(ask(REINSTATE, { input: { userId: id } }), "Done.")}
                  >
                    Reinstate
                  </button>`
                : html`<button
                    class="btn"
                    disabled=${Boolean(last)}
                    title=${last}
                    onClick=${suspend}
                  >
                    Suspend
                  </button>`
            }
            <button class="btn danger" disabled=${Boolean(last)} title=${last} onClick=${remove}>
              Delete
            </button>
          </div>
        </div>
        <dl>
          <dt>Status</dt>
          <dd><${Status} user=${user} suspension=${data.suspension.nodes[0]} /></dd>
          <dt>Email</dt>
          <dd>
            ${user.emailVerified ? "Verified" : user.providers.length === 0 && "Not verified yet"}
            <${UnverifiedBadge} user=${user} />
          </dd>
          <dt>Created</dt>
          <dd><${Time} iso=${user.createdAt} /></dd>
          <dt>Last sign-in</dt>
          <dd><${Time} iso=${user.lastSignedInAt} /></dd>
          <dt>ID</dt>
          <dd><code>${user.id}</code></dd>
        </dl>
      </section>
      <section class="card">
        <div class="head">
          <h2>Roles</h2>
          <div class="actions">
            ${["EDITOR", "ADMINISTRATOR"].map((name) => {
              const role = /** @type {Role} */ (name);
              const why = obstacle(user, role, administrators);
              return html`<button
                class="btn"
                disabled=${Boolean(why)}
                title=${why}
                onClick=${() => change(role)}
              >
                ${`${user.roles.includes(role) ? "Remove" : "Add"} ${ROLE_NAMES[role]}`}
              </button>`;
            })}
          </div>
        </div>
        <ul class="lines">
          <li><${RoleBadge} role="AUTHENTICATED" /><span>held by every user</span></li>
          ${user.grants.map(
            (grant) =>
              html`<li>
                <${RoleBadge} role=${grant.role} />
                <span>
                  by ${untrusted(grant.grantedBy)}, ${" "}
                  <${Time}
                    iso=${grant.grantedAt}
                  />${grant.reason && html`: ${untrusted(grant.reason)}`}
                  ${grant.expiresAt && html` · expires <${EndDate} iso=${grant.expiresAt} />`}
                </span>
              </li>`,
          )}
        </ul>
      </section>
      <${Lines} title="Identities" items=${user.identities} none="No linked identities.">
        ${(/** @type {User["identities"][number]} */ one) =>
          html`<span
              ><span class="chip">${untrusted(one.provider)}</span>
              ${" "}${untrusted(one.email)}${one.emailVerified ? "" : " (not verified)"}</span
            >
            <span>linked <${Time} iso=${one.createdAt} /></span>`}
      <//>
      <${Lines} title="Sessions" items=${user.sessions} none="No active sessions.">
        ${(/** @type {User["sessions"][number]} */ one) =>
          html`<span
              ><b title=${one.userAgent}>${untrusted(browserName(one.userAgent))}</b>${" · "}
              ${untrusted(one.address)}${" "}
              ${one.current && html`<span class="badge">Current</span>`}</span
            >
            <span
              >last seen <${Time} iso=${one.lastSeenAt} />${" "}
              <button
                class="btn small"
                onClick=${() =>
                  attempt(ask(END_SESSION, { input: { sessionId: one.id } }), "Session ended.")}
              >
                Sign out
              </button></span
            >`}
      <//>
      <${Lines} title="API tokens" items=${user.apiTokens} none="No API tokens.">
        ${(/** @type {User["apiTokens"][number]} */ one) =>
          html`<span>
              <b>${untrusted(one.name)}</b> <code>${one.prefix}…</code>${madeBy(one)} ·${" "}
              ${one.expiresAt ? "expires " : "never expires"}
              <${EndDate} iso=${one.expiresAt} none="" />
            </span>
            <span
              >last used <${Time} iso=${one.lastUsedAt} />${" "}
              <button
                class="btn small"
                onClick=${() =>
                  attempt(ask(REVOKE_TOKEN, { input: { tokenId: one.id } }), "API token revoked.")}
              >
                Revoke
              </button></span
            >`}
      <//>
      <${Lines} title="History" items=${data.auditEvents.nodes} none="No events yet.">
        ${(/** @type {UserPageData["auditEvents"]["nodes"][number]} */ one) => html`<${Sentence} event=${one} /><${Time} iso=${one.at} />`}
      <//>
      <p><a class="btn" href="${ROOT}/audit?user=${user.id}">Full history</a></p>
    </div>
    <${Ask} question=${asked} done=${() => setAsked(null)} />`;
}

/**
 * The status; of a suspended user also when, by whom and why.
 * @param {{ user: User, suspension: UserPageData["suspension"]["nodes"][number] | undefined }} props
 */
function Status({ user, suspension }) {
  if (user.status === "ACTIVE") return "Active";
  if (user.status === "INVITED")
    return html`<${StatusBadge} status="INVITED" /> until the first sign-in`;
  return html`<${StatusBadge}
      status="SUSPENDED"
    />${suspension && html`<${Suspension} ...${suspension} />`}`;
}

/** @param {{ at: string, actorLabel: string, reason: string | null }} props */
const Suspension = ({ at, actorLabel, reason }) =>
  html`${" since "}<time datetime=${at} title=${exactly(at)}>${date(at)}</time
    >${" by "}${untrusted(actorLabel)}${
      reason ? html`${": “"}${untrusted(reason)}”` : ", no reason given"
    }`;

/** @param {{ madeBy: string | null }} token */
const madeBy = (token) => (token.madeBy ? html` created by ${untrusted(token.madeBy)}` : "");

/**
 * @template T
 * @param {{ title: string, items: T[], none: string, children: (one: T) => unknown }} props
 */
const Lines = ({ title, items, none, children }) =>
  html`<section class="card">
    <h2>${title}</h2>
    ${
      items.length
        ? html`<ul class="lines">
            ${items.map((one) => html`<li>${children(one)}</li>`)}
          </ul>`
        : html`<p>${none}</p>`
    }
  </section>`;
