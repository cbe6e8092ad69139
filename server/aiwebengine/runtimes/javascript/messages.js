// Messages between scripts: `env.messages`, `export const messages`, and `dispatcher` of the classic
// form.

import { encode, freeze, isArray, stringify } from "./safe.js";
import { kindOf } from "./values.js";

// Author code can replace the globals.
const { Date, String } = globalThis;

/** `env.messages`. */
export function moduleEnv(host) {
  return {
    send: async (type, data = null, { delay = null, to = null, key = null } = {}) =>
      (await host.ask("messages.send", [type, delay, to, key], bytesOf(data))).value,
  };
}

/** `export const messages = ["order.created"]`. */
export const declarations = {
  messages(value, { add, refuse }) {
    if (!isArray(value)) refuse(`messages is ${kindOf(value)}, not an array of types`);
    for (let at = 0; at < value.length; at++) {
      if (typeof value[at] !== "string") {
        refuse(`messages has ${kindOf(value[at])}, not the name of a type`);
      }
      add({ kind: "listener", type: value[at], handler: "message" });
    }
  },
};

/** Calls `message` of the default export. What it returns is not used. */
export const moduleCalls = {
  async message({ handler, head, env, ctx }) {
    const { id, type_name: type, data, from, attempt, sent_at: at } = head;
    await handler(freeze({ id, type, data, from, attempt, sentAt: new Date(at) }), env, ctx);
  },
};

/** The globals of the classic form. */
export function classic(host, registry) {
  return {
    dispatcher: {
      registerListener: (type, handler) => registry.add("listener", type, { type }, handler),
      /** *data* is JSON, or a text; the answer says how many scripts receive the message. */
      sendMessage(type, data = null) {
        const body = encode(typeof data === "string" ? data : (stringify(data) ?? "null"));
        const { value } = host.askNow("messages.send_text", [type], body);
        return `message ${String(type)} sent to ${value.receivers} listeners`;
      },
    },
  };
}

/** Calls the listener that was registered. `messageData` is the text that was sent. */
export const classicCalls = {
  async message({ handler, head, context }) {
    const { id, type_name: messageType, data, from, attempt } = head;
    const messageData = typeof data === "string" ? data : stringify(data);
    const kind = "messageListener";
    const metadata = { id, from, attempt };
    const args = { messageType, messageData };
    await handler({ ...context, kind, invocationType: kind, ...args, args, metadata });
  },
};

function bytesOf(data) {
  const text = stringify(data);
  return text === undefined ? undefined : encode(text);
}
