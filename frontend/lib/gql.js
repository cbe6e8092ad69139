// @ts-check
/** Talks to /graphql: one fetch per query or mutation, one WebSocket for all subscriptions. */
import { createClient } from "graphql-ws";

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

/**
 * Runs a query or mutation.
 * @param {string} query
 * @param {Record<string, unknown>} [variables]
 * @returns {Promise<any>} the data
 * @throws {GraphQLRefusal} when refused; its code is UNAVAILABLE when nothing answered
 */
export async function ask(query, variables = {}) {
  const response = await fetch("/graphql", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ query, variables }),
  }).catch(() => null);
  const body = await response?.json().catch(() => null);
  const error = body?.errors?.[0];
  if (error) {
    const code = response?.status === 503 ? "UNAVAILABLE" : error.extensions?.code;
    const { requestId, reauthentication } = error.extensions ?? {};
    throw new GraphQLRefusal(error.message, code ?? "INTERNAL", requestId, reauthentication);
  }
  // A proxy whose engines are all down answers in its own way.
  if (!body?.data) throw new GraphQLRefusal("The engine does not answer.", "UNAVAILABLE");
  return body.data;
}

/** @type {Set<(live: boolean) => void>} */
const watchers = new Set();
let live = true;

/** @param {boolean} now */
function tell(now) {
  if (now === live) return;
  live = now;
  watchers.forEach((watcher) => watcher(now));
}

// By then the server follows what it was asked to follow.
const TAKEN_UP_AFTER = 1_000;
let wasLost = false;

function connected() {
  tell(true);
  // What happened after the pages looked and before the server followed is told by nobody.
  if (wasLost)
    setTimeout(() => live && watchers.forEach((watcher) => watcher(live)), TAKEN_UP_AFTER);
}

function lost() {
  wasLost = true;
  tell(false);
}

const NOT_SIGNED_IN = 4403;

/**
 * Whether the server closed the connection because nobody is signed in.
 * @param {unknown} lost
 */
function isRefusal(lost) {
  return lost instanceof CloseEvent && lost.code === NOT_SIGNED_IN;
}

const scheme = location.protocol === "https:" ? "wss:" : "ws:";
const client = createClient({
  url: `${scheme}//${location.host}/graphql`,
  lazy: true,
  keepAlive: 12_000,
  retryAttempts: Infinity,
  shouldRetry: (lost) => !isRefusal(lost),
  // A server that restarts must not be met by everybody at once.
  retryWait: (tries) =>
    new Promise((done) =>
      setTimeout(done, Math.min(500 * 2 ** tries, 5_000) * (0.5 + Math.random())),
    ),
  on: { connected, closed: lost },
});

/**
 * Hears whether the live connection stands; twice that it stands again, to look for what was missed.
 * @param {(live: boolean) => void} watcher
 * @returns {() => void} stops it
 */
export function watchConnection(watcher) {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/**
 * Follows a subscription for as long as it lasts, over lost connections.
 * @param {string} query
 * @param {(data: any) => void} next
 * @param {(error: unknown) => void} [failed] refused by the server; no more events come
 * @param {Record<string, unknown>} [variables]
 * @returns {() => void} stops it
 */
export function follow(query, next, failed = () => {}, variables = {}) {
  return client.subscribe(
    { query, variables },
    {
      next: (result) => result.data && next(result.data),
      error: (error) =>
        failed(
          isRefusal(error)
            ? [{ message: "You have been signed out.", extensions: { code: "UNAUTHENTICATED" } }]
            : error,
        ),
      complete: () => {},
    },
  );
}
