// @ts-check
/** Small parts that every page uses. */
import { html } from "htm/preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { gql } from "./documents.js";
import { ago, exactly, until } from "./format.js";
import { ask } from "./gql.js";
import { Icon } from "./icons.js";
import { Mark, setTitle } from "./mark.js";
import { signInAddress, StateNotice } from "./notices.js";
import { inWords, refusalOf } from "./refusal.js";
import { goBack } from "./router.js";
import { useEngineState } from "./state.js";
import { ThemeButton } from "./theme-button.js";
import { onOneLine, untrusted } from "./untrusted-text.js";

/** @typedef {import("../types/schema").Role} Role */
/** @typedef {import("./refusal.js").Refusal} Refusal */

/** @type {Record<Role, string>} */
export const ROLE_NAMES = {
  AUTHENTICATED: "Authenticated",
  EDITOR: "Editor",
  ADMINISTRATOR: "Administrator",
};

/** @param {{ role: Role }} props */
export const RoleBadge = ({ role }) =>
  html`<span class="badge ${role.toLowerCase()}">${ROLE_NAMES[role]}</span>`;

/** @param {{ iso: string | null, none?: string }} props */
export const Time = ({ iso, none = "never" }) =>
  iso ? html`<time datetime=${iso} title=${exactly(iso)}>${ago(iso)}</time>` : html`${none}`;

/** When something happens next; *none* if it does not. @param {{ iso: string | null | undefined, none?: string }} props */
export const Due = ({ iso, none = "never" }) =>
  iso ? html`<time datetime=${iso} title=${exactly(iso)}>${until(iso)}</time>` : html`${none}`;

/** An address that does not fit breaks at its @. @param {string} text */
export const breakable = (text) =>
  onOneLine(text)
    .split(/(?=@)/)
    .map((part, index) => (index > 0 ? html`<wbr />${part}` : part));

/** The head of a page, with notices about its state. @param {{ title: string, text: unknown, children?: unknown }} props */
export function Top({ title, text, children }) {
  useEffect(() => {
    setTitle(`${title} · Manager`);
  }, [title]);
  return html`<div class="top on-brand">
      <div>
        <h1 tabindex="-1"><bdi>${breakable(title)}</bdi></h1>
        <p>${text}</p>
      </div>
      <div class="tools">${children}<${Mark} /><${ThemeButton} /></div>
    </div>
    <${StateNotice} />`;
}

/** An error, with a button to retry. @param {{ error: Refusal, retry: () => void }} props */
export function Failure({ error, retry }) {
  const { state } = useEngineState();
  // Said once over the whole page.
  if (error.code === "UNAUTHENTICATED") return null;
  if (error.code === "UNAVAILABLE" && state === "down") return null;
  return html`<div class="notice bad" role="alert">
    ${reason(error)}${" "}
    ${error.requestId && html`<small>Request ${untrusted(error.requestId)}</small>`}
    <button class="btn small" onClick=${retry}>Try again</button>
  </div>`;
}

/**
 * Buttons for the previous page, by Back, and for the next page of a connection.
 * @param {{ page: { pageInfo: { hasNextPage: boolean, endCursor: string | null } } | undefined,
 *   after: string, turn: (after: string) => void, isStale: boolean, children?: unknown }} props
 *   after: the cursor before this page, empty on the first; isStale: another page is asked for, and
 *   the cursor of this one means nothing there; children: what stands before the buttons
 */
export const PageTurner = ({ page, after, turn, isStale, children }) =>
  html`<span class="end">
    ${children}
    <button class="btn small" disabled=${!after} onClick=${goBack}>Previous</button>
    <button
      class="btn small"
      disabled=${isStale || !page?.pageInfo.hasNextPage}
      onClick=${() => turn(page?.pageInfo.endCursor ?? "")}
    >
      Next
    </button>
  </span>`;

/**
 * @typedef {{ title: unknown, text: unknown, verb: string, danger?: boolean,
 *   word?: string, fields?: unknown, recent?: boolean,
 *   run: (form: FormData) => Promise<unknown> }} Question
 * `recent`: the server requires a recent sign-in, so the dialog says at once when it is too old.
 */

/**
 * A dialog that asks before an action, and stays open with the reason when the action is refused.
 * @param {{ question: Question | null, done: () => void }} props
 */
export function Ask({ question, done }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [error, setError] = useState(/** @type {unknown} */ (""));
  const [busy, setBusy] = useState(false);
  const shown = useRef(question);
  shown.current = question;
  // Before paint: an Escape that is pressed at once must find the dialog open.
  useLayoutEffect(() => {
    setError("");
    setBusy(false);
    if (question) dialog.current?.showModal();
    if (!question?.recent) return;
    let isOpen = true;
    signInIsOld().then((isOld) => isOpen && isOld && setError(reason(TOO_OLD)));
    return () => {
      isOpen = false;
    };
  }, [question]);
  if (!question) return null;
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    if (question.word && form.get("word") !== question.word) {
      setError(html`Type ${untrusted(question.word)} to continue.`);
      return;
    }
    setBusy(true);
    // Meanwhile the dialog may have been closed, and may ask something else.
    const isShown = () => shown.current === question && Boolean(dialog.current?.open);
    try {
      await question.run(form);
      if (isShown()) dialog.current?.close();
    } catch (refused) {
      if (isShown()) setError(reason(refusalOf(refused)));
      else sayRefused(refused);
    } finally {
      if (isShown()) setBusy(false);
    }
  };
  return html`<dialog ref=${dialog} onClose=${done} aria-labelledby="ask-title">
    <form key=${keyOf(question)} onSubmit=${submit}>
      <h2 id="ask-title">${titled(question.title)}</h2>
      <p>${isolated(question.text)}</p>
      ${question.fields}
      ${
        question.word &&
        html`<label class="field">
          Type ${untrusted(question.word)} to continue
          <input name="word" autocomplete="off" />
        </label>`
      }
      ${error && html`<p class="notice bad" role="alert">${error}</p>`}
      <menu>
        <button type="button" class="btn" onClick=${() => dialog.current?.close()}>Cancel</button>
        <button class="btn ${question.danger ? "danger" : "primary"}" disabled=${busy}>
          ${question.verb}
        </button>
      </menu>
    </form>
  </dialog>`;
}

/** @type {WeakMap<Question, number>} */
const keys = new WeakMap();
let lastKey = 0;

/** Another question has other fields: nothing that was typed for one is sent for the other. @param {Question} question */
function keyOf(question) {
  const key = keys.get(question) ?? ++lastKey;
  keys.set(question, key);
  return key;
}

const TOO_OLD = {
  code: "REAUTHENTICATION_REQUIRED",
  message: "This action requires a recent sign-in. Sign in again, then retry.",
};

const RECENT = gql("query RecentSignIn { viewer { recentSignInUntil } }");

/** Returns whether the sign-in is too old for a sensitive action; false when it is not known. */
async function signInIsOld() {
  const data = await ask(RECENT).catch(() => null);
  const until = data?.viewer?.recentSignInUntil;
  return Boolean(until && new Date(until) <= new Date());
}

/** The reason of a refusal, with a link to sign in again where that helps. @param {Refusal} refused */
export function reason(refused) {
  if (refused.code !== "REAUTHENTICATION_REQUIRED") return untrusted(inWords(refused));
  return html`${untrusted(inWords(refused))}${" "}
    <a href="${signInAddress()}&again=1">
      ${refused.reauthentication === "link" ? "How to sign in again" : "Sign in again"}
    </a>`;
}

/** A text, which may contain the words of others, isolated; anything else unchanged. @param {unknown} text */
const isolated = (text) => (typeof text === "string" ? untrusted(text) : text);

/** A title, whose parts are on the same lines. @param {unknown} title */
const titled = (title) =>
  typeof title === "string" ? untrusted(title) : html`<span class="title">${title}</span>`;

/** @type {Set<(text: unknown) => void>} */
const listeners = new Set();

/** Shows a short message that goes away; never the only place of the message. @param {unknown} text */
export const say = (text) => listeners.forEach((listener) => listener(text));

/** Shows why something was refused. @param {unknown} refused what was thrown */
export const sayRefused = (refused) => say(reason(refusalOf(refused)));

export function Toasts() {
  const [toasts, setToasts] = useState(/** @type {{ id: number, text: unknown }[]} */ ([]));
  const drop = (/** @type {number} */ id) => setToasts((all) => all.filter((one) => one.id !== id));
  useEffect(() => {
    let last = 0;
    const listener = (/** @type {unknown} */ text) => {
      const id = ++last;
      setToasts((all) => [...all.slice(-2), { id, text }]);
      setTimeout(() => drop(id), 8_000);
    };
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return html`<div class="toasts" role="status" aria-live="polite">
    ${toasts.map(
      ({ id, text }) =>
        html`<div class="toast" key=${id}>
          <span>${isolated(text)}</span>
          <button aria-label="Dismiss" onClick=${() => drop(id)}><${Icon} name="close" /></button>
        </div>`,
    )}
  </div>`;
}
