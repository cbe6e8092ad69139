// The dialect "module": exported routes, and a default object with fetch.

import { envOf } from "./env.js";
import { FEATURES, tablesOf } from "./features.js";
import { h, Fragment } from "./html.js";
import { LoadError } from "./loading.js";
import { suggestion } from "./names.js";
import { CallRequest } from "./request.js";
import { Response, isResponse, sendResponse } from "./response.js";
import { SafeMap, getPrototypeOf, stringify } from "./safe.js";
import { named } from "./source.js";
import { entryLoaded } from "./trial.js";
import { askToSignIn, isUnauthenticated, requireAuth } from "./user.js";
import { kindOf } from "./values.js";
import { provide } from "./world.js";

// Author code can replace the globals.
const { TypeError } = globalThis;

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY"];
const EVENTS = ["fetch", "scheduled", "message"];
const PARAMETER = /^:[A-Za-z_]\w*$/;
const REST = /^\*[A-Za-z_]*\w*$/;
const DECLARATIONS = tablesOf("declarations");
const CALLS = tablesOf("moduleCalls");

let env;

/** Puts the names of this dialect in the global scope. */
export function prepare(host) {
  env = envOf(host);
  provide({ h, Fragment, Response });
  for (const feature of FEATURES) provide(feature.moduleGlobals?.(host) ?? {});
}

/** Loads the entry and returns `{registrations, warnings, serve}`. Throws a LoadError. */
export async function load({ entry, source, importEntry }) {
  const namespace = await importEntry();
  entryLoaded(namespace);
  const handlers = new SafeMap();
  const registrations = [];
  const warnings = [];
  const warn = (message, pattern) => warnings.push({ message, ...source.find(entry, pattern) });

  addRoutes(namespace.routes);
  addEvents(namespace.default);
  for (const name of Object.keys(DECLARATIONS)) {
    if (namespace[name] !== undefined) DECLARATIONS[name](namespace[name], declaring(name));
  }
  if (registrations.length === 0) {
    throw new LoadError("export routes or a default object with fetch", { file: entry });
  }
  return {
    registrations,
    warnings,
    serve: (call, head, body) => serve(handlers, call, head, body),
  };

  function addRoutes(routes) {
    if (routes === undefined) return;
    if (routes === null || typeof routes !== "object") {
      throw new LoadError(`routes is ${typeof routes}, not an object`, place("routes"));
    }
    for (const key of Object.keys(routes)) {
      const { method, path, problem } = routeOf(key);
      if (problem) throw new LoadError(`the route ${JSON.stringify(key)} ${problem}`, place(key));
      if (typeof routes[key] !== "function") {
        warn(
          `the route ${JSON.stringify(key)} has ${kindOf(routes[key])}, not a function`,
          named(key),
        );
      }
      handlers.set(key, routes[key]);
      registrations.push({ kind: "route", method, path, handler: key });
    }
  }

  function addEvents(exported) {
    if (exported === null || typeof exported !== "object") return;
    for (const event of EVENTS) {
      if (typeof exported[event] !== "function") continue;
      handlers.set(event, (first, env, context) => exported[event](first, env, context));
      registrations.push({ kind: event, handler: event });
    }
    // An object of a class, such as an application of a framework, has members of its own.
    if (getPrototypeOf(exported) !== Object.prototype) return;
    for (const member of Object.keys(exported)) {
      if (!EVENTS.includes(member)) {
        warn(
          `the default export has an unknown member ${member}${suggestion(member, EVENTS)}`,
          named(member),
        );
      }
    }
  }

  /**
   * What a declaration is given besides the exported value: `add(registration, handler)`, whose
   * handler is called by the name `registration.handler`, `warn(message, text)` and
   * `refuse(message, text)`, which name the place where the entry has *text*.
   */
  function declaring(exportName) {
    return {
      add(registration, handler) {
        registrations.push(registration);
        if (handler !== undefined) handlers.set(registration.handler, handler);
      },
      warn: (message, text = exportName) => warn(message, named(text)),
      refuse(message, text = exportName) {
        throw new LoadError(message, place(text));
      },
    };
  }

  function place(text) {
    return source.find(entry, named(text));
  }
}

/** `{method, path}` of a key of routes, or `{problem}`. */
function routeOf(key) {
  const space = key.indexOf(" ");
  const word = space < 0 ? "ANY" : key.slice(0, space);
  const path = key.slice(space + 1);
  if (!METHODS.includes(word)) {
    return {
      problem: `has the method "${word}"${suggestion(word, METHODS) || `; use ${METHODS.join(", ")}`}`,
    };
  }
  if (!/^\/\S*$/.test(path)) return { problem: 'needs a path that begins with "/"' };
  return {
    method: word === "ANY" ? "*" : word,
    path,
    problem: problemOf(path.split("/").slice(1)),
  };
}

function problemOf(segments) {
  const seen = [];
  for (const [at, segment] of segments.entries()) {
    if (segment.startsWith(":") && !PARAMETER.test(segment)) {
      return `has "${segment}", which is not a name of letters and digits`;
    }
    if (segment.startsWith("*") && (!REST.test(segment) || at !== segments.length - 1)) {
      return `has "${segment}"; "*" or "*name" can only be the last part`;
    }
    if (/^[:*]./.test(segment)) {
      if (seen.includes(segment.slice(1))) return `has the name "${segment.slice(1)}" twice`;
      seen.push(segment.slice(1));
    }
  }
  return undefined;
}

async function serve(handlers, call, head, body) {
  const handler = handlers.get(head.handler);
  // Tests and snippets have none.
  if (typeof handler !== "function" && typeof head.handler === "string") {
    throw new TypeError(`the handler "${head.handler}" is ${kindOf(handler)}, not a function`);
  }
  const ctx = new Context(call, head);
  if (head.type === "http") {
    // To return a promise would call its changeable `then`.
    await serveRequest(handler, ctx, call, head, body);
    return;
  }
  const run = CALLS[head.type];
  if (run === undefined) throw new TypeError(`calls of the type "${head.type}" are not known`);
  const value = await run({ handler, head, env, ctx, call, body });
  call.answer("{}", stringify(value) ?? "null");
}

async function serveRequest(handler, ctx, call, head, body) {
  let result;
  try {
    result = handler(new CallRequest(call, head, body), env, ctx);
    if (!isResponse(result)) result = await result;
  } catch (error) {
    if (!isUnauthenticated(error)) throw error;
    askToSignIn(call);
    return;
  }
  if (!isResponse(result)) throw new TypeError(`answered ${kindOf(result)}, not a Response`);
  await sendResponse(call, result);
}

/** The third argument of a handler. */
class Context {
  #call;
  #head;

  constructor(call, head) {
    this.#call = call;
    this.#head = head;
  }

  get params() {
    return this.#head.params;
  }

  get user() {
    return this.#head.user;
  }

  get requestId() {
    return this.#head.request_id;
  }

  /** The user; a request of somebody who is not signed in is answered with 401. */
  requireAuth() {
    return requireAuth(this.#head.user);
  }

  waitUntil(promise) {
    this.#call.waitUntil(promise);
  }
}
