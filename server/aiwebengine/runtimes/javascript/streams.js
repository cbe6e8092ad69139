// Streams of server-sent events: `env.streams`, and the stream functions of `routeRegistry`.

import { checkRoute } from "./registry.js";
import { missing } from "./unavailable.js";

/** `env.streams`. */
export function moduleEnv() {
  return missing("env.streams", "send");
}

/** The globals of the classic form. */
export function classic(host, registry) {
  return {
    routeRegistry: {
      registerStreamRoute(path, handler, meta) {
        checkRoute(path, "GET");
        return registry.add("stream", path, { path, meta }, handler);
      },
      ...missing("routeRegistry", "sendStreamMessage sendStreamMessageFiltered"),
    },
  };
}
