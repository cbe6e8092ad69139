// The dialect "module": exported routes, and a default object with fetch.

import { h, Fragment } from "./html.js";
import { LoadError } from "./loading.js";
import { suggestion } from "./names.js";
import { CallRequest } from "./request.js";
import { Response, isResponse, sendResponse } from "./response.js";
import { SafeMap, freeze, getPrototypeOf } from "./safe.js";
import { named } from "./source.js";
import { kindOf } from "./values.js";
import { provide, unavailable } from "./world.js";

// Author code can replace the globals.
const { TypeError } = globalThis;

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY"];
const EVENTS = ["fetch", "scheduled", "message"];
const PARAMETER = /^:[A-Za-z_]\w*$/;
const REST = /^\*[A-Za-z_]*\w*$/;
const ENV = freeze({});

/** Puts the names of this dialect in the global scope. */
export function prepare() {
  provide({ h, Fragment, Response, fetch: unavailable("fetch") });
}

/** Loads the entry and returns `{registrations, warnings, serve}`. Throws a LoadError. */
export async function load({ entry, source, importEntry }) {
  const namespace = await importEntry();
  const handlers = new SafeMap();
  const registrations = [];
  const warnings = [];
  const warn = (message, pattern) => warnings.push({ message, ...source.find(entry, pattern) });

  addRoutes(namespace.routes);
  addEvents(namespace.default);
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
  if (typeof handler !== "function") {
    throw new TypeError(`the handler "${head.handler}" is ${kindOf(handler)}, not a function`);
  }
  const request = head.type === "http" ? new CallRequest(call, head, body) : head;
  let result = handler(request, ENV, new Context(call, head));
  if (!isResponse(result)) result = await result;
  if (head.type === "http") {
    if (!isResponse(result)) throw new TypeError(`answered ${kindOf(result)}, not a Response`);
    await sendResponse(call, result);
  } else {
    call.answer("{}", "");
  }
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

  waitUntil(promise) {
    this.#call.waitUntil(promise);
  }
}
