// The dialect "classic": init(), handlers by name, and globals instead of arguments.

import { AuthenticationRequired, contextOf, httpContext } from "./classic_request.js";
import { ResponseBuilder, sendValue } from "./classic_response.js";
import { h, Fragment } from "./html.js";
import { LoadError } from "./loading.js";
import { Registry, checkRoute } from "./registry.js";
import { Response } from "./response.js";
import { fromEntries, stringify, toUpperCase } from "./safe.js";
import { provide, unavailable } from "./world.js";

// Author code can replace the globals.
const { Promise, TypeError } = globalThis;

const DATABASE = `createTable dropTable addIntegerColumn addTextColumn addBooleanColumn
  addTimestampColumn addReferenceColumn dropColumn query insert update delete upsert deleteWhere
  acquireLease createLeaseTable addUniqueIndex generateGraphQLForTable beginTransaction
  commitTransaction rollbackTransaction createSavepoint rollbackToSavepoint releaseSavepoint`;
const STORAGE = "getItem setItem removeItem clear";

let registry;

/** Puts the names of this dialect in the global scope. */
export function prepare(positions) {
  registry = new Registry(positions);
  provide({ h, Fragment, Response, ResponseBuilder, ...registries(), ...services() });
}

/** Loads the entry, runs init() and returns `{registrations, warnings, serve}`. */
export async function load({ entry, source, importEntry }) {
  const namespace = await importEntry();
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
  if (handler === undefined) throw new TypeError(`the handler "${head.handler}" is not a function`);
  try {
    let context = httpContext(call, head, body);
    if (context instanceof Promise) context = await context;
    let value = handler(context);
    if (value instanceof Promise) value = await value;
    await sendValue(call, value);
  } catch (error) {
    if (!(error instanceof AuthenticationRequired)) throw error;
    sendValue(call, ResponseBuilder.error(401, error.message));
  }
}

function registries() {
  const add = (kind, name, entry, handler) => registry.add(kind, name, entry, handler);
  const field = (kind) => (name, sdl, handler, visibility) =>
    add(kind, name, { name, sdl, visibility }, handler);
  const scheduled = (kind) => (options) =>
    add(kind, options.name ?? "job", { ...options }, options.handler);
  return {
    routeRegistry: {
      registerRoute(path, handler, method = "GET", meta = undefined) {
        checkRoute(path, method);
        const entry = { method: toUpperCase(method), path, meta };
        return add("route", `${entry.method} ${path}`, entry, handler);
      },
      registerAssetRoute(path, asset, meta) {
        checkRoute(path, "GET");
        return add("asset", path, { path, asset, meta });
      },
      registerStreamRoute(path, handler, meta) {
        checkRoute(path, "GET");
        return add("stream", path, { path, meta }, handler);
      },
      ...missing("routeRegistry", "sendStreamMessage sendStreamMessageFiltered"),
    },
    graphQLRegistry: {
      registerQuery: field("query"),
      registerMutation: field("mutation"),
      registerSubscription: field("subscription"),
      ...missing(
        "graphQLRegistry",
        "executeGraphQL sendSubscriptionMessage sendSubscriptionMessageFiltered",
      ),
    },
    mcpRegistry: {
      registerTool: (name, description, schema, handler) =>
        add("tool", name, { name, description, schema }, handler),
      registerPrompt: (name, description, args, handler) =>
        add("prompt", name, { name, description, args }, handler),
    },
    schedulerService: {
      registerOnce: scheduled("once"),
      registerRecurring: scheduled("recurring"),
      clearAll: () => "cleared",
    },
    dispatcher: {
      registerListener: (type, handler) => add("listener", type, { type }, handler),
      ...missing("dispatcher", "sendMessage"),
    },
  };
}

function services() {
  return {
    sharedStorage: missing("sharedStorage", STORAGE),
    personalStorage: missing("personalStorage", STORAGE),
    secretStorage: missing("secretStorage", "exists setSecret removeSecret clear"),
    assetStorage: missing("assetStorage", "listAssets fetchAsset upsertAsset deleteAsset"),
    convert: {
      btoa: (text) => btoa(text),
      atob: (text) => atob(text),
      ...missing("convert", "markdown_to_html render_handlebars_template"),
    },
    McpClient: missing("McpClient", "constructor _listTools _callTool"),
    // Its functions report errors as JSON.
    database: functions(
      DATABASE,
      (name) => () => stringify({ error: `database.${name} is not available yet` }),
    ),
    fetch: unavailable("fetch"),
  };
}

const missing = (object, names) => functions(names, (name) => unavailable(`${object}.${name}`));

function functions(names, make) {
  return fromEntries(names.split(/\s+/).map((name) => [name, make(name)]));
}
