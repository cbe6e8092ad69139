// GraphQL of scripts: `env.graphql`, and `graphQLRegistry` of the classic form.

import { missing } from "./unavailable.js";

/** `env.graphql`. */
export function moduleEnv() {
  return missing("env.graphql", "execute publish");
}

/** The globals of the classic form. */
export function classic(host, registry) {
  const field = (kind) => (name, sdl, handler, visibility) =>
    registry.add(kind, name, { name, sdl, visibility }, handler);
  return {
    graphQLRegistry: {
      registerQuery: field("query"),
      registerMutation: field("mutation"),
      registerSubscription: field("subscription"),
      ...missing(
        "graphQLRegistry",
        "executeGraphQL sendSubscriptionMessage sendSubscriptionMessageFiltered",
      ),
    },
  };
}
