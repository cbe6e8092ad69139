// @ts-check
/** Notices above a page about the engine, the connection and the session. */
import { html } from "htm/preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { clock } from "./format.js";
import { closingReason } from "./gql.js";
import { useFollowing } from "./mark.js";
import { useWhatIsShown } from "./shown.js";
import { forgetTrouble, reportTrouble, STATE_WORDS, useEngineState } from "./state.js";
import { untrusted } from "./untrusted-text.js";

/** What is wrong with the engine or the connection, and from when the page is; else nothing. */
export function StateNotice() {
  const engine = useEngineState();
  const { at, isLate } = useWhatIsShown();
  const isLost = useLasting(useFollowing() === "lost");
  const since = clock(engine.since);
  if (engine.state === "down") {
    const found = engine.checks.map(({ title, detail }) => `${title}: ${detail}`).join("; ");
    return html`<div class="notice bad" role="alert">
      <b>Down since ${since}.</b> <span>${untrusted(found)}</span>
      ${at && html`<span key=${+at}>This page shows data as of ${clock(at)}.</span>`}
      <button class="btn small" onClick=${reportTrouble}>Retry now</button>
    </div>`;
  }
  if (isLate) {
    return html`<div class="notice" role="status">
      The engine is taking longer than usual to respond. The page loads when it does.
    </div>`;
  }
  if (isLost) {
    const reason = closingReason();
    return html`<div class="notice" role="status">
      <span>
        Live updates are interrupted.${" "}
        ${at && html`<span key=${+at}>This page shows data as of ${clock(at)}.</span>`}
      </span>
      ${reason && html`<span key=${reason}>${untrusted(reason)}</span>`}
    </div>`;
  }
  if (engine.before) {
    const { state, since: began } = engine.before;
    const was = `It was ${STATE_WORDS[state].toLowerCase()} from ${clock(began)}.`;
    return html`<div class="notice good" role="status">
      <span>Healthy again since ${since}. ${was}</span>
      <button class="btn small" onClick=${forgetTrouble}>Dismiss</button>
    </div>`;
  }
  return null;
}

/** Shorter interruptions end before the sentence is read. */
const LASTS_AFTER_MS = 5_000;

/** @param {boolean} isSo @returns {boolean} whether it has been so for a while */
function useLasting(isSo) {
  const [lasts, setLasts] = useState(false);
  useEffect(() => {
    setLasts(false);
    if (!isSo) return undefined;
    const timer = setTimeout(() => setLasts(true), LASTS_AFTER_MS);
    return () => clearTimeout(timer);
  }, [isSo]);
  return isSo && lasts;
}

/** The address to sign in and come back to this page. */
export const signInAddress = () =>
  `/auth/login?redirect=${encodeURIComponent(location.pathname + location.search)}`;

/**
 * The dialog after the end of the session or role. The page behind it is empty.
 * @param {{ keeps?: boolean }} [props] keeps: it is hidden, and continues when the person signs in again
 */
export function SignedOut({ keeps = false } = {}) {
  const { why } = useEngineState();
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const open = () => dialog.current?.showModal();
  useLayoutEffect(open, []);
  // The page behind it is empty, so Escape does not close it.
  return html`<dialog
    ref=${dialog}
    aria-labelledby="signed-out-title"
    onCancel=${(/** @type {Event} */ event) => event.preventDefault()}
    onClose=${open}
  >
    <form method="dialog" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
      ${why === "role" ? LOST_ROLE : keeps ? SIGN_IN_ELSEWHERE : html`<${SignInAgain} />`}
    </form>
  </dialog>`;
}

const SignInAgain = () =>
  html`<h1 id="signed-out-title">You have been signed out</h1>
    <p>Your session has expired or was revoked. Sign in again to return to this page.</p>
    <menu>
      <a class="btn" href="/">Home</a>
      <a class="btn primary" href=${signInAddress()} autofocus>Sign in again</a>
    </menu>`;

const SIGN_IN_ELSEWHERE = html`<h1 id="signed-out-title">You have been signed out</h1>
  <p>
    Your session has expired or was revoked. Sign in again in a new tab, then come back to this one:
    what you changed is still here.
  </p>
  <menu>
    <a class="btn" href="/">Home</a>
    <a
      class="btn primary"
      href=${`/auth/login?redirect=${encodeURIComponent("/editor")}`}
      target="_blank"
      autofocus
      >Sign in again</a
    >
  </menu>`;

const LOST_ROLE = html`<h1 id="signed-out-title">You don't have access to this page</h1>
  <p>
    You are still signed in, but you no longer have the role that this page requires. Ask an
    administrator for access.
  </p>
  <menu>
    <button type="button" class="btn" onClick=${() => location.reload()}>Try again</button>
    <a class="btn primary" href="/" autofocus>Home</a>
  </menu>`;
