// @ts-check
/** Talks to /graphql: one fetch per query or mutation, one WebSocket for all subscriptions. */
import { createClient } from "graphql-ws";
import {
  isRecovery,
  isWorking,
  reportLostRole,
  reportSignedOut,
  reportTrouble,
  watchState,
} from "./state.js";

/** What the server refused, with its stable code. */
export class GraphQLRefusal extends Error {
  /**
   * @param {string} message @param {string} code @param {string} [requestId]
   * @param {"provider" | "link"} [reauthentication] how the person can sign in again
   */
  constructor(message, code, requestId, reauthentication) {
    super(message);
    this.code = code;
    this.requestId = requestId;
    this.reauthentication = reauthentication;
  }
}

/** A question without an answer for so long gets none; a change may still happen, and waits. */
const QUERY_LIMIT_MS = 60_000;

/**
 * Runs a query or mutation.
 * @param {string} query
 * @param {Record<string, unknown>} [variables]
 * @returns {Promise<any>} the data
 * @throws {GraphQLRefusal} when refused; its code is UNAVAILABLE when nothing answered
 */
export async function ask(query, variables = {}) {
  const isChange = query.trimStart().startsWith("mutation");
  const response = await fetch("/graphql", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ query, variables }),
    signal: isChange ? null : AbortSignal.timeout(QUERY_LIMIT_MS),
  }).catch(() => null);
  const body = await response?.json().catch(() => null);
  const error = body?.errors?.[0];
  if (error) {
    const code = response?.status === 503 ? "UNAVAILABLE" : error.extensions?.code;
    const { requestId, reauthentication } = error.extensions ?? {};
    throw reported(
      new GraphQLRefusal(error.message, code ?? "INTERNAL", requestId, reauthentication),
    );
  }
  // A proxy whose engines are all down answers in its own way.
  if (!body?.data) throw reported(new GraphQLRefusal("The engine does not answer.", "UNAVAILABLE"));
  return body.data;
}

/** The refusal, after the store of states was told what it means. @param {GraphQLRefusal} refusal */
function reported(refusal) {
  if (refusal.code === "UNAUTHENTICATED") reportSignedOut();
  if (refusal.code === "FORBIDDEN") void checkAccess();
  if (refusal.code === "UNAVAILABLE") reportTrouble();
  return refusal;
}

const FAILING = "{ engineState { state since failing { name title detail } } }";

/** What fails, for administrators; null when nothing does any more. */
export async function failingChecks() {
  const { state, since, failing } = (await ask(FAILING)).engineState;
  return state === "DEGRADED" ? { since: new Date(since), checks: failing } : null;
}

const ROLES = "{ viewer { roles } }";
/** The role that the page needs; no page of the manager is for anybody else. */
let neededRole = "";

/**
 * Follows the right to see the page, whatever the page itself follows: it may end at any time.
 * @param {string} role
 */
export function watchAccess(role) {
  neededRole = role;
  const query = "subscription { auditEventAdded { id } }";
  const stop = subscribe(
    { state: "open" },
    query,
    () => {},
    () => {},
    {},
  );
  watchState((now) => now.state === "signed-out" && stop());
  // Where no socket gets through, a page that is shown again is still asked about.
  document.addEventListener("visibilitychange", () => document.hidden || checkAccess());
}

/** Whether the session and the needed role are still there; a refusal may have had other reasons. */
async function checkAccess() {
  const data = await ask(ROLES).catch(() => null);
  if (!data) return;
  if (!data.viewer) reportSignedOut();
  else if (neededRole && !data.viewer.roles.includes(neededRole)) reportLostRole();
}

/* The socket. */

/**
 * @typedef {"idle" | "connecting" | "connected" | "lost"} Connection
 *   idle: nothing needs it; lost: it is wanted, was closed, and is tried again
 */

/** @type {Set<(mayHaveMissed: boolean) => void>} */
const watchers = new Set();
/** @type {Connection} */
let connection = "idle";
let closedBecause = "";

const tell = (mayHaveMissed = false) => watchers.forEach((watcher) => watcher(mayHaveMissed));

/** Why the server closed the connection, in its words; empty when it did not say. */
export const closingReason = () => closedBecause;

/**
 * Hears whenever the connection or what is followed changes.
 * @param {(mayHaveMissed: boolean) => void} watcher mayHaveMissed: it stands again, and what
 *   happened meanwhile has to be loaded; said twice, since the server takes a moment to follow
 * @returns {() => void} stops it
 */
export function watchConnection(watcher) {
  watchers.add(watcher);
  return () => void watchers.delete(watcher);
}

// By then the server follows what it was asked to follow.
const TAKEN_UP_AFTER_MS = 1_000;
const PONG_WITHIN_MS = 5_000;
let wasLost = false;
let pongTimer = 0;

function connected() {
  closedBecause = "";
  connection = "connected";
  if (wasLost) reloadTwice();
  else tell();
  wasLost = false;
}

function reloadTwice() {
  tell(true);
  setTimeout(() => connection === "connected" && tell(true), TAKEN_UP_AFTER_MS);
}

/** @param {unknown} event */
function closed(event) {
  clearTimeout(pongTimer);
  // The client closes a socket that nobody needs any more: that is no loss.
  wasLost = wanted.size > 0;
  connection = wasLost ? "lost" : "idle";
  closedBecause = event instanceof CloseEvent ? event.reason : "";
  tell();
  if (wasLost) reportTrouble();
}

/** A connection that is cut without a word looks open for minutes. @param {boolean} received */
function pinged(received) {
  if (!received) pongTimer = setTimeout(() => client.terminate(), PONG_WITHIN_MS);
}

const NOT_SIGNED_IN = new Set([4401, 4403]);

/**
 * Whether the server closed the connection because nobody is signed in.
 * @param {unknown} event
 */
const isRefusal = (event) => event instanceof CloseEvent && NOT_SIGNED_IN.has(event.code);

const scheme = location.protocol === "https:" ? "wss:" : "ws:";
const client = createClient({
  url: `${scheme}//${location.host}/graphql`,
  lazy: true,
  keepAlive: 12_000,
  retryAttempts: Infinity,
  shouldRetry: (event) => !isRefusal(event),
  // A server that restarts must not be met by everybody at once.
  retryWait: (tries) =>
    new Promise((done) =>
      setTimeout(done, Math.min(500 * 2 ** tries, 5_000) * (0.5 + Math.random())),
    ),
  on: { connected, closed, ping: pinged, pong: () => clearTimeout(pongTimer) },
});

// A socket from before an outage may be dead, and nobody would notice.
watchState((now, was) => {
  const wasAway = was.checks.some((check) => check.name === "engine");
  if (isRecovery(now, was) && wasAway && connection === "connected") client.terminate();
});

/**
 * @typedef {{ state: "open" | "waiting" | "ended" }} Subscription
 *   waiting: an outage ended it, it is tried again; ended: for good
 */

/** All that are asked for and have not ended. @type {Set<Subscription>} */
const wanted = new Set();
/** Those of the page, as opposed to those around it. @type {Set<Subscription>} */
const followed = new Set();

/**
 * Whether the server keeps what the page shows up to date at this moment.
 * @returns {"nothing" | "connecting" | "live" | "lost"} nothing: the page follows nothing
 */
export function following() {
  const states = [...followed].map((one) => one.state);
  if (states.length === 0 || states.includes("ended")) return "nothing";
  if (states.includes("waiting")) return "lost";
  if (connection === "connected") return "live";
  return connection === "lost" ? "lost" : "connecting";
}

/**
 * Follows a subscription for as long as it lasts, over lost connections and outages.
 * @param {string} query
 * @param {(data: any) => void} next
 * @param {(errors: any[]) => void} [failed] refused by the server; no more events come
 * @param {Record<string, unknown>} [variables]
 * @returns {() => void} stops it
 */
export function follow(query, next, failed = () => {}, variables = {}) {
  /** @type {Subscription} */
  const one = { state: "open" };
  followed.add(one);
  const stop = subscribe(one, query, next, failed, variables);
  return () => {
    followed.delete(one);
    stop();
  };
}

const AGAIN_AFTER_MS = 3_000;
const AGAIN_AT_MOST_MS = 60_000;
// What is left may be an outage's, and ends with it.
const FOR_GOOD = new Set(["UNAUTHENTICATED", "FORBIDDEN", "BAD_USER_INPUT", "RATE_LIMITED"]);

/**
 * Subscribes, and again after an outage.
 * @param {Subscription} one @param {string} query @param {(data: any) => void} next
 * @param {(errors: any[]) => void} failed @param {Record<string, unknown>} variables
 */
function subscribe(one, query, next, failed, variables) {
  let [timer, tries] = [0, 0];
  let stop = () => {};
  const begin = () => {
    // Nothing can be subscribed to while the engine is down.
    if (!isWorking()) return wait();
    const wasWaiting = one.state === "waiting";
    one.state = "open";
    tell();
    if (wasWaiting) reloadTwice();
    stop = client.subscribe({ query, variables }, { next: came, error: ended, complete: ended });
  };
  const came = (/** @type {any} */ result) => {
    tries = 0;
    if (result.data) next(result.data);
  };
  const wait = () => {
    one.state = "waiting";
    tell();
    timer = setTimeout(begin, Math.min(AGAIN_AFTER_MS * 2 ** tries, AGAIN_AT_MOST_MS));
  };
  const ended = (/** @type {unknown} */ event = OUTAGE) => {
    if (one.state === "ended") return;
    const errors = errorsOf(event);
    const code = errors[0].extensions?.code;
    if (code && !FOR_GOOD.has(code)) {
      wait();
      tries += 1;
      return;
    }
    end();
    if (code === "UNAUTHENTICATED") reportSignedOut();
    if (code === "FORBIDDEN") void checkAccess();
    failed(errors);
  };
  const end = () => {
    one.state = "ended";
    wanted.delete(one);
    clearTimeout(timer);
    tell();
  };
  wanted.add(one);
  if (connection === "idle") connection = "connecting";
  begin();
  return () => {
    end();
    stop();
  };
}

const OUTAGE = [{ message: "The server ended it.", extensions: { code: "UNAVAILABLE" } }];

/** The errors that a subscription ended with, or a closed socket, as the server words them. @param {unknown} event */
function errorsOf(event) {
  if (Array.isArray(event)) return event;
  if (isRefusal(event))
    return [{ message: "You have been signed out.", extensions: { code: "UNAUTHENTICATED" } }];
  const because = event instanceof CloseEvent ? event.reason : "";
  return [{ message: because || "Live updates have ended. Reload the page." }];
}
