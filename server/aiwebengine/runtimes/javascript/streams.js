// Event streams: `export const streams`, `env.streams`, and the stream functions of `routeRegistry`.

import { httpContext } from "./classic_request.js";
import { connectionAnswer, refusalOf } from "./connection_answers.js";
import { checkRoute } from "./registry.js";
import { CallRequest } from "./request.js";
import { encode, isArray, parse, stringify } from "./safe.js";
import { isUnauthenticated } from "./user.js";
import { kindOf } from "./values.js";
import { socketOf } from "./websocket.js";

// Author code can replace the globals.
const { String, TypeError } = globalThis;

const SEND = "streams.send";
const MATCHING = ["subset", "overlap"];
const OPTIONS = ["match", "matching", "event", "id"];

/** `env.streams`. */
export function moduleEnv(host) {
  return {
    async send(channel, data, options = {}) {
      const { value } = await host.ask(
        SEND,
        ...message("env.streams.send", channel, data, options),
      );
      return value;
    },
    socket: (id) => socketOf(host, id),
  };
}

/** `export const streams`: what decides about a connection, by path. */
export const declarations = {
  streams(exported, { add, warn, refuse }) {
    if (exported === null || typeof exported !== "object") {
      refuse(`streams is ${kindOf(exported)}, not an object`);
    }
    for (const path of Object.keys(exported)) {
      if (path[0] !== "/") {
        refuse(`the stream ${stringify(path)} needs a path that begins with "/"`, path);
      }
      const handler = exported[path];
      if (typeof handler !== "function") {
        warn(`the stream ${stringify(path)} has ${kindOf(handler)}, not a function`, path);
      }
      add({ kind: "stream", method: "GET", path, handler: `stream ${path}` }, handler);
    }
  },
};

/** Calls the function of a stream: what it returns is the connection's filter, or a Response. */
export const moduleCalls = {
  async stream({ handler, head, env, ctx, call, body }) {
    try {
      return await connectionAnswer(await handler(new CallRequest(call, head, body), env, ctx));
    } catch (error) {
      if (!isUnauthenticated(error)) throw error;
      return refusalOf(401, error.message);
    }
  },
};

/** The globals of the classic form. */
export function classic(host, registry) {
  function send(name, path, data, options) {
    try {
      host.askNow(SEND, ...message(name, path, data, options));
    } catch (error) {
      // Scripts look for this, and continue.
      if (error.code !== "LIMIT" && error.code !== "INTERNAL") throw error;
      return `Error: ${error.message}`;
    }
    return `Message sent to ${path}`;
  }
  return {
    routeRegistry: {
      registerStreamRoute(path, handler, meta) {
        checkRoute(path, "GET");
        return registry.add("stream", path, { path, meta }, handler ?? undefined);
      },
      sendStreamMessage: (path, data) => send("sendStreamMessage", path, data, {}),
      sendStreamMessageFiltered(path, data, filter, matching = "subset") {
        const match = (typeof filter === "string" ? parse(filter || "{}") : filter) ?? {};
        return send("sendStreamMessageFiltered", path, data, { match, matching });
      },
    },
  };
}

/** Calls the customizer of a stream: what it returns is the connection's filter. */
export const classicCalls = {
  async stream({ handler, head, call, body }) {
    const context = httpContext(call, head, body);
    context.kind = context.invocationType = "streamCustomization";
    try {
      return await connectionAnswer(await handler(context));
    } catch (error) {
      if (!isUnauthenticated(error)) throw error;
      return refusalOf(401, error.message);
    }
  },
};

/** The arguments and the bytes of the question that sends a message. */
function message(name, channel, data, options) {
  if (typeof channel !== "string") {
    throw new TypeError(`${name}: the channel is ${kindOf(channel)}, not a string`);
  }
  if (options === null || typeof options !== "object") {
    throw new TypeError(`${name}: the options are ${kindOf(options)}, not an object`);
  }
  for (const option of Object.keys(options)) {
    if (!OPTIONS.includes(option)) {
      throw new TypeError(`${name}: unknown option "${option}"; allowed: ${OPTIONS.join(", ")}`);
    }
  }
  const text = typeof data === "string" ? data : stringify(data);
  if (text === undefined) throw new TypeError(`${name}: ${kindOf(data)} has no JSON form`);
  const { match = {}, matching = "subset", event = null, id = null } = options;
  if (!MATCHING.includes(matching)) {
    throw new TypeError(`${name}: found "${matching}"; allowed: ${MATCHING.join(", ")}`);
  }
  return [[channel, textsOf(name, match), matching, event, id], encode(text)];
}

/** The entries of *match* as texts: filters of connections are made of texts as well. */
function textsOf(name, match) {
  if (match === null || typeof match !== "object" || isArray(match)) {
    throw new TypeError(`${name}: match is ${kindOf(match)}, not an object`);
  }
  const texts = {};
  for (const key of Object.keys(match)) texts[key] = String(match[key]);
  return texts;
}
