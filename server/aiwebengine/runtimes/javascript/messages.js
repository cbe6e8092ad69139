// Messages between scripts: `env.messages`, and `dispatcher` of the classic form.

import { missing } from "./unavailable.js";

/** `env.messages`. */
export function moduleEnv() {
  return missing("env.messages", "send");
}

/** The globals of the classic form. */
export function classic(host, registry) {
  return {
    dispatcher: {
      registerListener: (type, handler) => registry.add("listener", type, { type }, handler),
      ...missing("dispatcher", "sendMessage"),
    },
  };
}

/** Calls `message` of the default export. */
export const moduleCalls = {
  message: ({ handler, head, env, ctx }) => handler(head, env, ctx),
};
