// @ts-check
/** Talks to /graphql: one fetch per query or mutation, one WebSocket for all subscriptions. */
import { createClient } from "graphql-ws";
import { gql } from "./documents.js";
import {
  isRecovery,
  isWaiting,
  isWorking,
  keepPage,
  reportLostRole,
  reportSignedOut,
  reportTrouble,
  watchState,
} from "./state.js";

/**
 * @template Data, Variables
 * @typedef {import("../types/document").Document<Data, Variables>} Document
 */
/**
 * @template Variables
 * @typedef {import("../types/document").VariablesOf<Variables>} VariablesOf
 */
/**
 * An error as a GraphQL response holds it.
 * @typedef {{ message: string, extensions?: { code?: string, requestId?: string,
 *   reauthentication?: "provider" | "link" } }} ResponseError
 */

/** An error that the server returned, with its stable code. */
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

/** Timeout of a query. A mutation has none: it may still take effect. */
const QUERY_LIMIT_MS = 60_000;

/**
 * Runs a query or mutation and returns its data.
 * @template Data, Variables
 * @param {Document<Data, Variables>} document
 * @param {VariablesOf<NoInfer<Variables>>} given the variables
 * @returns {Promise<Data>}
 * @throws {GraphQLRefusal} when the server returns an error, or UNAVAILABLE when it returns nothing
 */
export function ask(document, ...given) {
  return askUntil(null, document, ...given);
}

/**
 * The same until *signal* is aborted. A mutation may still take effect.
 * @template Data, Variables
 * @param {AbortSignal | null} signal
 * @param {Document<Data, Variables>} document
 * @param {VariablesOf<NoInfer<Variables>>} given the variables
 * @returns {Promise<Data>}
 * @throws {GraphQLRefusal} as `ask`, or with the code STOPPED
 */
export async function askUntil(signal, document, ...given) {
  // The browser may have the session of another person by now.
  if (isWaiting()) throw new GraphQLRefusal("You have been signed out.", "UNAUTHENTICATED");
  return send(document, given[0] ?? {}, signal);
}

/**
 * @template Data, Variables
 * @param {Document<Data, Variables>} document @param {object} variables
 * @param {AbortSignal | null} [signal]
 * @returns {Promise<Data>}
 */
async function send({ text: query }, variables, signal = null) {
  const isChange = query.trimStart().startsWith("mutation");
  const response = await fetch("/graphql", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ query, variables }),
    signal: signal ?? (isChange ? null : AbortSignal.timeout(QUERY_LIMIT_MS)),
  }).catch(() => null);
  const body = /** @type {{ data?: Data, errors?: ResponseError[] } | null | undefined} */ (
    await response?.json().catch(() => null)
  );
  // Nothing is wrong with the engine.
  if (signal?.aborted) throw new GraphQLRefusal("Stopped.", "STOPPED");
  const error = body?.errors?.[0];
  if (error) {
    const code = response?.status === 503 ? "UNAVAILABLE" : error.extensions?.code;
    const { requestId, reauthentication } = error.extensions ?? {};
    throw reported(
      new GraphQLRefusal(error.message, code ?? "INTERNAL", requestId, reauthentication),
    );
  }
  // A proxy without a healthy engine sends a response of its own.
  if (!body?.data) throw reported(new GraphQLRefusal("The engine does not answer.", "UNAVAILABLE"));
  return body.data;
}

/** Reports to the state store what an error means, and returns the error. @param {GraphQLRefusal} refusal */
function reported(refusal) {
  if (refusal.code === "UNAUTHENTICATED") reportSignedOut();
  if (refusal.code === "FORBIDDEN") void checkAccess();
  if (refusal.code === "UNAVAILABLE") reportTrouble();
  return refusal;
}

const FAILING = gql(`query FailingChecks {
  engineState { state since failing { name title detail } }
}`);

/** Returns the failing checks, for administrators; null when none fails. */
export async function failingChecks() {
  const { state, since, failing } = (await ask(FAILING)).engineState;
  return state === "DEGRADED" ? { since: new Date(since), checks: failing } : null;
}

const ROLES = gql("query ViewerRoles { viewer { roles } }");
const ACCESS = gql("subscription AccessWatch { auditEventAdded { id } }");

/** @typedef {import("../types/schema").Role} Role */

/** The role that every page of the manager requires. @type {Role | null} */
let neededRole = null;

/**
 * Watches the right to see the page, which may be revoked at any time.
 * @param {Role} role
 */
export function watchAccess(role) {
  neededRole = role;
  const stop = subscribe(
    { state: "open" },
    ACCESS,
    () => {},
    () => {},
    {},
  );
  watchState((now) => now.state === "signed-out" && stop());
  // Where no WebSocket gets through, access is checked when the page is shown again.
  document.addEventListener("visibilitychange", () => document.hidden || checkAccess());
}

/** Checks whether the session and the role are still valid: FORBIDDEN may have another reason. */
async function checkAccess() {
  const data = await ask(ROLES).catch(() => null);
  if (!data) return;
  if (!data.viewer) reportSignedOut();
  else if (neededRole && !data.viewer.roles.includes(neededRole)) reportLostRole();
}

const WHO = gql("query PageOwner { viewer { id } }");

/** Whose page it is. @type {string | null} */
let owner = null;

/**
 * Keeps the page at the end of the session for this person, who may sign in again.
 * @param {string} id
 */
export function keepPageFor(id) {
  if (owner === null)
    keepPage(async () => {
      const data = await send(WHO, {}).catch(() => null);
      if (!data?.viewer) return "unknown";
      return data.viewer.id === owner ? "same" : "other";
    });
  owner = id;
}

/* The socket. */

/**
 * @typedef {"idle" | "connecting" | "connected" | "lost"} Connection
 *   idle: nothing needs it; lost: it was closed and is being reopened
 */

/** @type {Set<(mayHaveMissed: boolean) => void>} */
const watchers = new Set();
/** @type {Connection} */
let connection = "idle";
let closedBecause = "";

const notify = (mayHaveMissed = false) => watchers.forEach((watcher) => watcher(mayHaveMissed));

/** Returns the reason that the server gave for closing the connection; empty without one. */
export const closingReason = () => closedBecause;

/**
 * Calls the watcher when the connection or a subscription changes.
 * @param {(mayHaveMissed: boolean) => void} watcher mayHaveMissed: the connection is open again, and
 *   events may have been missed; reported twice, because a subscription takes a moment to start
 * @returns {() => void} stops watching
 */
export function watchConnection(watcher) {
  watchers.add(watcher);
  return () => void watchers.delete(watcher);
}

// By then the server has started the subscriptions.
const STARTED_AFTER_MS = 1_000;
const PONG_WITHIN_MS = 5_000;
let wasLost = false;
let pongTimer = 0;

function connected() {
  closedBecause = "";
  connection = "connected";
  if (wasLost) reloadTwice();
  else notify();
  wasLost = false;
}

function reloadTwice() {
  notify(true);
  setTimeout(() => connection === "connected" && notify(true), STARTED_AFTER_MS);
}

/** @param {unknown} event */
function closed(event) {
  clearTimeout(pongTimer);
  // The client closes a socket without subscriptions: that is no loss.
  wasLost = wanted.size > 0;
  connection = wasLost ? "lost" : "idle";
  closedBecause = event instanceof CloseEvent ? event.reason : "";
  notify();
  if (wasLost) reportTrouble();
}

/** Ends a connection without a pong: a broken one looks open for minutes. @param {boolean} received */
function pinged(received) {
  if (!received) pongTimer = setTimeout(() => client.terminate(), PONG_WITHIN_MS);
}

const NOT_SIGNED_IN = new Set([4401, 4403]);

/**
 * Returns whether the server closed the connection because the session is not valid.
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
  // Spread out, so that a server that restarts does not get all clients at once.
  retryWait: (tries) =>
    new Promise((done) =>
      setTimeout(done, Math.min(500 * 2 ** tries, 5_000) * (0.5 + Math.random())),
    ),
  on: { connected, closed, ping: pinged, pong: () => clearTimeout(pongTimer) },
});

// A socket from before an outage may be dead without a sign of it.
watchState((now, was) => {
  const wasAway = was.checks.some((check) => check.name === "engine");
  if (isRecovery(now, was) && wasAway && connection === "connected") client.terminate();
});

/**
 * @typedef {{ state: "open" | "waiting" | "ended" }} Subscription
 *   waiting: an outage ended it, it is retried; ended: it is not retried
 */

/** All that have not ended. @type {Set<Subscription>} */
const wanted = new Set();
/** Those of the page itself. @type {Set<Subscription>} */
const followed = new Set();

/**
 * Returns whether subscriptions keep the page up to date.
 * @returns {"nothing" | "connecting" | "live" | "lost"} nothing: the page has no subscription
 */
export function following() {
  const states = [...followed].map((one) => one.state);
  if (states.length === 0 || states.includes("ended")) return "nothing";
  if (states.includes("waiting")) return "lost";
  if (connection === "connected") return "live";
  return connection === "lost" ? "lost" : "connecting";
}

/**
 * Subscribes, and again after lost connections and outages.
 * @template Data, Variables
 * @param {Document<Data, Variables>} document
 * @param {(data: Data) => void} next
 * @param {(errors: ResponseError[]) => void} [failed] the server returned errors; no more events come
 * @param {VariablesOf<NoInfer<Variables>>} given the variables
 * @returns {() => void} unsubscribes
 */
export function follow(document, next, failed = () => {}, ...given) {
  /** @type {Subscription} */
  const one = { state: "open" };
  followed.add(one);
  const stop = subscribe(one, document, next, failed, given[0] ?? {});
  return () => {
    followed.delete(one);
    stop();
  };
}

const RETRY_AFTER_MS = 3_000;
const RETRY_AFTER_MAX_MS = 60_000;
// Every other code may be an outage's, and is retried.
const FINAL_CODES = new Set(["UNAUTHENTICATED", "FORBIDDEN", "BAD_USER_INPUT", "RATE_LIMITED"]);

/**
 * Subscribes, and again after an outage.
 * @template Data, Variables
 * @param {Subscription} one
 * @param {Document<Data, Variables>} document
 * @param {(data: Data) => void} next
 * @param {(errors: ResponseError[]) => void} failed
 * @param {object} variables
 */
function subscribe(one, { text: query }, next, failed, variables) {
  let [timer, tries] = [0, 0];
  let stop = () => {};
  const begin = () => {
    // Nothing can be subscribed to while the engine is down.
    if (!isWorking()) return wait();
    const wasWaiting = one.state === "waiting";
    one.state = "open";
    notify();
    if (wasWaiting) reloadTwice();
    stop = client.subscribe(
      { query, variables: { ...variables } },
      { next: received, error: ended, complete: ended },
    );
  };
  const received = (/** @type {{ data?: unknown }} */ { data }) => {
    tries = 0;
    if (data) next(/** @type {Data} */ (data));
  };
  const wait = () => {
    one.state = "waiting";
    notify();
    timer = setTimeout(begin, Math.min(RETRY_AFTER_MS * 2 ** tries, RETRY_AFTER_MAX_MS));
  };
  const ended = (/** @type {unknown} */ event = OUTAGE) => {
    if (one.state === "ended") return;
    const errors = errorsOf(event);
    const code = errors[0].extensions?.code;
    if (code && !FINAL_CODES.has(code)) {
      wait();
      tries += 1;
      return;
    }
    if (code === "UNAUTHENTICATED") reportSignedOut();
    // It is subscribed to again when its person has signed in again.
    if (isWaiting()) {
      if (isWanted()) wait();
      return;
    }
    end();
    if (code === "FORBIDDEN") void checkAccess();
    failed(errors);
  };
  const isWanted = () => wanted.has(one);
  const end = () => {
    one.state = "ended";
    wanted.delete(one);
    clearTimeout(timer);
    notify();
  };
  wanted.add(one);
  if (connection === "idle") connection = "connecting";
  begin();
  return () => {
    end();
    stop();
  };
}

const OUTAGE = [
  { message: "The server closed the subscription.", extensions: { code: "UNAVAILABLE" } },
];

/**
 * Returns the errors that a subscription or its socket ended with.
 * @param {unknown} event
 * @returns {ResponseError[]}
 */
function errorsOf(event) {
  if (Array.isArray(event)) return event;
  if (isRefusal(event))
    return [{ message: "You have been signed out.", extensions: { code: "UNAUTHENTICATED" } }];
  const because = event instanceof CloseEvent ? event.reason : "";
  return [{ message: because || "Live updates have stopped. Reload the page." }];
}
