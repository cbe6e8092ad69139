// WebSockets of visitors, in the module form: `export const sockets`, and `env.streams.socket(id)`.

import { connectionAnswer, refusalOf } from "./connection_answers.js";
import { CallRequest } from "./request.js";
import { Bytes, decode, encode, freeze, isArray, isPrototypeOf, stringify } from "./safe.js";
import { isUnauthenticated } from "./user.js";
import { kindOf } from "./values.js";

// Author code can replace the globals.
const { ArrayBuffer, TypeError } = globalThis;

const EVENTS = ["open", "message", "close"];
const MEMBERS = [...EVENTS, "origins", "protocols"];

/** `export const sockets`: an object with functions for events, by path. */
export const declarations = {
  sockets(exported, { add, warn, refuse }) {
    if (exported === null || typeof exported !== "object") {
      refuse(`sockets is ${kindOf(exported)}, not an object`);
    }
    for (const path of Object.keys(exported)) {
      const shown = `the socket ${stringify(path)}`;
      const socket = exported[path];
      if (path[0] !== "/") refuse(`${shown} needs a path that begins with "/"`, path);
      if (socket === null || typeof socket !== "object") {
        refuse(`${shown} is ${kindOf(socket)}, not an object with message(socket, data)`, path);
      }
      for (const member of Object.keys(socket)) {
        if (!MEMBERS.includes(member)) {
          warn(`${shown} has an unknown member ${member}; known: ${MEMBERS.join(", ")}`, path);
        } else if (EVENTS.includes(member) && typeof socket[member] !== "function") {
          refuse(`${shown}: ${member} is ${kindOf(socket[member])}, not a function`, path);
        }
      }
      const origins = textsOf(shown, "origins", socket.origins, path, refuse);
      const protocols = textsOf(shown, "protocols", socket.protocols, path, refuse);
      const handler = `socket ${path}`;
      const call = (event, ...given) => socket[event]?.(...given);
      add({ kind: "socket", method: "SOCKET", path, handler, origins, protocols }, call);
    }
  },
};

/** Calls the function for an event of a socket. What `open` returns decides about the connection. */
export const moduleCalls = {
  async websocket({ handler, head, env, ctx, call, body }) {
    const { id, event, path, params } = head;
    const known = { ...env.streams.socket(id), path, params };
    if (event === "open") {
      const socket = freeze({ ...known, request: new CallRequest(call, head, body) });
      try {
        return await connectionAnswer(await handler(event, socket, env, ctx));
      } catch (error) {
        if (!isUnauthenticated(error)) throw error;
        return refusalOf(401, error.message);
      }
    }
    const socket = freeze(known);
    if (event === "message") {
      await handler(event, socket, head.is_text ? decode(body) : body, env, ctx);
    } else {
      await handler(event, socket, { code: head.code, reason: head.reason }, env, ctx);
    }
  },
};

/** The socket with this ID; it may be open in any worker of any instance. */
export function socketOf(host, id) {
  return freeze({
    id,
    async send(data) {
      const isText = !isBytes(data);
      const bytes = isText ? encode(textOf(data)) : bytesOf(data);
      await host.ask("sockets.send", [id, isText], bytes);
    },
    async close(code = 1000, reason = "") {
      await host.ask("sockets.close", [id, code, reason]);
    },
  });
}

function textOf(data) {
  const text = typeof data === "string" ? data : stringify(data);
  if (text === undefined) throw new TypeError(`socket.send: ${kindOf(data)} has no JSON form`);
  return text;
}

const isBytes = (data) => isPrototypeOf(Bytes.prototype, data) || isBuffer(data);
const isBuffer = (data) => isPrototypeOf(ArrayBuffer.prototype, data);
const bytesOf = (data) => (isBuffer(data) ? new Bytes(data) : data);

function textsOf(shown, name, value, path, refuse) {
  if (value === undefined) return [];
  if (!isArray(value) || !value.every((one) => typeof one === "string")) {
    refuse(`${shown}: ${name} is ${kindOf(value)}, not an array of texts`, path);
  }
  return value;
}
