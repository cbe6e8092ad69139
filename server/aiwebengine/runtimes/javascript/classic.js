// The dialect "classic": init(), handlers by name, and globals instead of arguments.

import { contextOf, httpContext } from "./classic_request.js";
import { ResponseBuilder, sendValue } from "./classic_response.js";
import { FEATURES, tablesOf } from "./features.js";
import { h, Fragment } from "./html.js";
import { LoadError } from "./loading.js";
import { Registry, checkRoute } from "./registry.js";
import { Response } from "./response.js";
import { stringify, toUpperCase } from "./safe.js";
import { entryLoaded } from "./trial.js";
import { askToSignIn, isUnauthenticated } from "./user.js";
import { provide } from "./world.js";

// Author code can replace the globals.
const { Promise, TypeError } = globalThis;

const CALLS = tablesOf("classicCalls");

let registry;

/** Puts the names of this dialect in the global scope. */
export function prepare(host, positions) {
  registry = new Registry(positions);
  provide({ h, Fragment, Response, ResponseBuilder, ...globalsOf(host) });
}

/** Loads the entry, runs init() and returns `{registrations, warnings, serve}`. */
export async function load({ entry, source, importEntry }) {
  const namespace = await importEntry();
  entryLoaded(namespace);
  const lookup = namespace.__aiwebengine_lookup;
  if (lookup === undefined) throw new LoadError("its functions can't be found", { file: entry });
  const init = lookup("init");
  if (typeof init !== "function") {
    throw new LoadError("init() is missing; or export routes, or a default object with fetch", {
      file: entry,
    });
  }
  const start = () => init(contextOf("init", "init"));
  await registry.during(start, { lookup, text: source.text(entry) });
  return { registrations: registry.registrations, warnings: registry.warnings, serve };
}

async function serve(call, head, body) {
  const handler = registry.find(head.handler);
  // Tests and snippets have none.
  if (handler === undefined && typeof head.handler === "string") {
    throw new TypeError(`the handler "${head.handler}" is not a function`);
  }
  if (head.type === "http") {
    // To return a promise would call its changeable `then`.
    await serveRequest(handler, call, head, body);
    return;
  }
  const run = CALLS[head.type];
  if (run === undefined) throw new TypeError(`calls of the type "${head.type}" are not known`);
  const context = contextOf(head.type, head.request_id);
  const value = await run({ handler, head, context, call, body });
  call.answer("{}", stringify(value) ?? "null");
}

async function serveRequest(handler, call, head, body) {
  try {
    let context = httpContext(call, head, body);
    if (context instanceof Promise) context = await context;
    let value = handler(context);
    if (value instanceof Promise) value = await value;
    await sendValue(call, value);
  } catch (error) {
    if (!isUnauthenticated(error)) throw error;
    askToSignIn(call);
  }
}

/** The objects of all features; those of the same name become one. */
function globalsOf(host) {
  const globals = { routeRegistry: { registerRoute } };
  for (const feature of FEATURES) {
    const found = feature.classic?.(host, registry) ?? {};
    for (const name of Object.keys(found)) {
      const known = globals[name];
      globals[name] = known === undefined ? found[name] : { ...known, ...found[name] };
    }
  }
  return globals;
}

function registerRoute(path, handler, method = "GET", meta = undefined) {
  checkRoute(path, method);
  const entry = { method: toUpperCase(method), path, meta };
  return registry.add("route", `${entry.method} ${path}`, entry, handler);
}
