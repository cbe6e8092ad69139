// @ts-check
/**
 * The state of the engine and of the session: the one store that everything on a page reads.
 *
 * It is made from `/health`, which needs neither session nor socket, from what queries and the
 * socket report, and from other tabs of this browser.
 */
import { useEffect, useState } from "preact/hooks";

/**
 * @typedef {"unknown" | "up" | "degraded" | "down" | "signed-out"} StateName
 *   unknown: before the first answer
 * @typedef {{ name: string, title: string, detail: string }} FailingCheck
 * @typedef {{ state: StateName, since: Date, checks: FailingCheck[], before: Trouble | null,
 *   why: "" | "ended" | "left" | "role" }} EngineState
 *   checks: what fails, when known; before: the trouble that ended at `since`; why somebody is
 *   signed out: the session has ended, was left on this page, or lacks the role that the page needs
 * @typedef {{ state: StateName, since: Date }} Trouble
 * @typedef {{ status?: string, state?: string, checks?: Record<string, unknown> }} HealthBody
 *   of a response of `/health`, or of a proxy
 */

const LOOK_EVERY_MS = 3_000;
const LOOK_LIMIT_MS = 4_000;
/** A single refused connection may be a proxy that reloads: only the second one counts. */
const LOOK_AGAIN_MS = 1_000;
const NAMES_FRESH_MS = 9_000;

/** @type {EngineState} */
let now = { state: "unknown", since: new Date(), checks: [], before: null, why: "" };
/** @type {Set<(now: EngineState, was: EngineState) => void>} */
const watchers = new Set();

export const engineState = () => now;

/**
 * Calls the watcher at every change, with the new state and the one before.
 * @param {(now: EngineState, was: EngineState) => void} watcher
 * @returns {() => void} stops it
 */
export function watchState(watcher) {
  watchers.add(watcher);
  return () => void watchers.delete(watcher);
}

/** The state; the component renders again when it changes. */
export function useEngineState() {
  const [state, setState] = useState(now);
  useEffect(() => {
    setState(now);
    return watchState(setState);
  }, []);
  return state;
}

/** Whether the engine is up, as far as the page knows, and the session is valid. */
export const isWorking = () => now.state !== "down" && now.state !== "signed-out";

/** Whether this change of state is a recovery, after which pages reload their data. */
export const isRecovery = (/** @type {EngineState} */ next, /** @type {EngineState} */ was) =>
  (was.state === "down" || was.state === "signed-out") &&
  (next.state === "up" || next.state === "degraded");

/** The state in words, the same on every page. @param {EngineState} state */
export function stateWords({ state, checks }) {
  if (state === "degraded" && checks.length > 0)
    return `Degraded: ${checks.map((check) => check.title).join(", ")}`;
  return STATE_WORDS[state];
}

/** @type {Record<StateName, string>} */
export const STATE_WORDS = {
  unknown: "Checking",
  up: "Healthy",
  degraded: "Degraded",
  down: "Down",
  "signed-out": "Signed out",
};

/** @param {Partial<EngineState> & { state: StateName }} next */
function become(next) {
  // A signed-out page stays signed out until it is reloaded, or continues for the same person.
  if (now.state === "signed-out") return;
  const was = now;
  const isSame = next.state === was.state;
  const isTrouble = was.state === "down" || was.state === "degraded";
  const before = isTrouble ? { state: was.state, since: was.since } : was.before;
  now = {
    ...was,
    checks: [],
    ...next,
    since: next.since ?? (isSame ? was.since : new Date()),
    before: next.state === "up" ? before : null,
  };
  if (isSame && JSON.stringify(now) === JSON.stringify(was)) now = was;
  else watchers.forEach((watcher) => watcher(now, was));
}

/** Dismisses the notice of the trouble that has ended. */
export function forgetTrouble() {
  const was = now;
  now = { ...now, before: null };
  watchers.forEach((watcher) => watcher(now, was));
}

/* What others report. */

const CHANNEL = "aiwebengine-session";
const others = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(CHANNEL);
if (others) others.onmessage = ({ data }) => heard(data);

/** @param {unknown} message */
function heard(message) {
  if (message === "signed-out") reportSignedOut();
  // Another tab of this browser has signed in, which is valid for this one too.
  if (message === "signed-in" && now.state === "signed-out") void signedInAgain();
}

/** Who has signed in, for a page that is kept for its person. @type {(() => Promise<"same" | "other" | "unknown">) | null} */
let whoIsIt = null;

/**
 * Keeps the page at the end of the session, so that it continues when the same person signs in again.
 * For anybody else it is loaded again.
 * @param {NonNullable<typeof whoIsIt>} who
 */
export function keepPage(who) {
  whoIsIt = who;
  // The other tab may be a page that does not say that somebody has signed in.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && now.why === "ended") void signedInAgain();
  });
}

/** Whether the page waits for its person to sign in again; until then it sends nothing. */
export const isWaiting = () => whoIsIt !== null && now.state === "signed-out";

async function signedInAgain() {
  const who = now.why === "ended" && whoIsIt ? await whoIsIt() : "other";
  if (now.state !== "signed-out" || who === "unknown") return;
  if (who === "other") {
    location.reload();
    return;
  }
  const was = now;
  now = { ...was, state: "up", since: new Date(), checks: [], before: null, why: "" };
  watchers.forEach((watcher) => watcher(now, was));
  void look();
}

/** Reports the end of the session, after the error UNAUTHENTICATED. */
export const reportSignedOut = () =>
  become({ state: "signed-out", why: isLeaving ? "left" : "ended" });

let isLeaving = false;

/**
 * Reports a sign-out on this page, so that the end of the session needs no explanation.
 * @param {boolean} is false: the sign-out failed
 */
export function setLeaving(is) {
  isLeaving = is;
  if (!is && now.why === "left") {
    now = { ...now, why: "ended" };
    watchers.forEach((watcher) => watcher(now, now));
  }
}

/** Reports that the role of this page was revoked or has expired. */
export const reportLostRole = () => become({ state: "signed-out", why: "role" });

/** Notifies other tabs of this browser of the start or end of its session. @param {"signed-in" | "signed-out"} what */
export const notifyOtherTabs = (what) => others?.postMessage(what);

/** Reports a request without a response: checks the engine at once. */
export const reportTrouble = () => void look();

/* Checking the engine. */

/** @type {() => Promise<{ checks: FailingCheck[], since: Date } | null>} */
let namesOf = async () => null;
let timer = 0;
/** @type {Promise<void> | null} */
let looking = null;
let namedAt = 0;

/**
 * Starts to check the engine while the page is visible.
 * @param {typeof namesOf} [names] loads the failing checks, for administrators
 */
export function watchEngine(names = namesOf) {
  namesOf = names;
  addEventListener("online", reportTrouble);
  addEventListener("offline", reportTrouble);
  document.addEventListener("visibilitychange", () => document.hidden || look());
  void look();
}

/** Checks once; concurrent callers share the check. */
function look() {
  looking ??= lookAndPlan().finally(() => (looking = null));
  return looking;
}

async function lookAndPlan() {
  clearTimeout(timer);
  if (now.state === "signed-out") return;
  become(await seen());
  if (now.state === "degraded") await addNames();
  else namedAt = 0;
  timer = setTimeout(() => document.hidden || look(), LOOK_EVERY_MS);
}

/** @returns {Promise<Partial<EngineState> & { state: StateName }>} */
async function seen() {
  const first = await asked();
  if (first !== "refused" || now.state === "down") return understood(first);
  await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
  return understood(await asked());
}

/** The response of `/health`; "refused" without a connection, "late" after a timeout. */
async function asked() {
  const signal = AbortSignal.timeout(LOOK_LIMIT_MS);
  try {
    const response = await fetch("/health", { signal, cache: "no-store" });
    const body = /** @type {HealthBody | null} */ (await response.json().catch(() => null));
    return { status: response.status, body };
  } catch {
    return signal.aborted ? "late" : "refused";
  }
}

/**
 * What an answer of `/health` means.
 * @param {"refused" | "late" | { status: number, body: HealthBody | null }} answer
 * @returns {Partial<EngineState> & { state: StateName }}
 */
export function understood(answer) {
  if (typeof answer === "string") return { state: "down", checks: [ENGINE_IS_AWAY] };
  const { status, body } = answer;
  if (body?.status === "ok") {
    if (body.state !== "degraded") return { state: "up" };
    // Only administrators see the names, from another source.
    return { state: "degraded", checks: now.state === "degraded" ? now.checks : [] };
  }
  // An error of another kind says nothing about the state of the engine.
  if (status < 500) return { ...now };
  const reasons = Object.entries(body?.checks ?? { engine: `responds with status ${status}` });
  return {
    state: "down",
    checks: reasons.map(([name, detail]) => ({
      name,
      title: name[0].toUpperCase() + name.slice(1),
      detail: String(detail),
    })),
  };
}

const ENGINE_IS_AWAY = { name: "engine", title: "Engine", detail: "does not answer" };

async function addNames() {
  if (Date.now() - namedAt < NAMES_FRESH_MS) return;
  const found = await namesOf().catch(() => null);
  if (!found || now.state !== "degraded") return;
  namedAt = Date.now();
  become({ state: "degraded", ...found });
}
