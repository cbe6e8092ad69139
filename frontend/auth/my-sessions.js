// @ts-check
/** The sessions of the viewer, on the home page. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { browserName } from "../lib/browser.js";
import { gql } from "../lib/documents.js";
import { ask } from "../lib/gql.js";
import { useQuery } from "../lib/load.js";
import { Ask, Failure, say, Time, Toasts } from "../lib/parts.js";
import { setLeaving, notifyOtherTabs } from "../lib/state.js";
import { untrusted } from "../lib/untrusted-text.js";
import { signOut } from "./sign-out.js";

const MINE = gql(`query MySessions {
  viewer { user { id sessions { id provider address userAgent lastSeenAt current } } }
}`);
const END = gql(`mutation EndMySession($input: RevokeSessionInput!) {
  revokeSession(input: $input) { revokedCount }
}`);
const END_ALL = gql(`mutation EndAllMySessions($input: RevokeAllSessionsInput!) {
  revokeAllSessions(input: $input) { revokedCount }
}`);

/** @typedef {import("../types/documents").MySessionsData} MySessionsData */
/** @typedef {NonNullable<MySessionsData["viewer"]>["user"]["sessions"][number]} Session */

export function MySessions() {
  const { data, error, reload } = useQuery(MINE, {});
  const [asked, setAsked] = useState(
    /** @type {import("../lib/parts.js").Question | null} */ (null),
  );
  const [signedOut, setSignedOut] = useState(false);
  const user = data?.viewer?.user;
  const end = async (/** @type {Session} */ session) => {
    try {
      await ask(END, { input: { sessionId: session.id } });
      say("Session ended.");
    } catch (refused) {
      say(/** @type {Error} */ (refused).message);
    }
    reload();
  };
  const leave = () =>
    signOut((question) => {
      setSignedOut(true);
      setAsked(question);
    });
  const leaveEverywhere = () =>
    setAsked({
      title: "Sign out everywhere?",
      text: "This signs you out of every browser, including this one.",
      verb: "Sign out everywhere",
      danger: true,
      run: async () => {
        if (!user) return;
        setLeaving(true);
        await ask(END_ALL, { input: { userId: user.id } }).catch((refused) => {
          setLeaving(false);
          throw refused;
        });
        notifyOtherTabs("signed-out");
        location.assign("/");
      },
    });
  return html`<h2>Your sessions</h2>
    ${error && html`<${Failure} error=${error} retry=${reload} />`}
    ${!user && !error && html`<p role="status">Loading…</p>`}
    <ul class="sessions">
      ${(user?.sessions ?? []).map(
        (/** @type {Session} */ session) =>
          html`<li key=${session.id}>
            <span>
              <b title=${session.userAgent}>${untrusted(browserName(session.userAgent))}</b>
              ${session.current && html`<span class="badge">Current</span>`}
              <small>
                ${untrusted(session.address)} · via ${untrusted(session.provider)} · last seen${" "}
                <${Time} iso=${session.lastSeenAt} />
              </small>
            </span>
            ${
              !session.current &&
              html`<button class="btn small" onClick=${() => end(session)}>Sign out</button>`
            }
          </li>`,
      )}
    </ul>
    <p class="links">
      <button class="btn" onClick=${leave}>Sign out</button>
      <button class="btn" disabled=${!user} onClick=${leaveEverywhere}>Sign out everywhere</button>
    </p>
    <${Ask} question=${asked} done=${() => (signedOut ? location.assign("/") : setAsked(null))} />
    <${Toasts} />`;
}
