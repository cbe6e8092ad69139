// GraphQL of scripts: `export const graphql`, `env.graphql`, and `graphQLRegistry` of the classic form.

import { authOf } from "./classic_request.js";
import { generate } from "./graphql_tables.js";
import { suggestion } from "./names.js";
import { hasOwn, isArray, parse, stringify } from "./safe.js";
import { isUnauthenticated } from "./user.js";
import { kindOf } from "./values.js";

// Author code can replace the globals.
const { Object, TypeError } = globalThis;

const ROOTS = ["Query", "Mutation", "Subscription"];
const MEMBERS = ["typeDefs", "resolvers", "visibility"];
const EVENT_MEMBERS = ["filter", "resolve"];
const KINDS = {
  query: "graphqlQuery",
  mutation: "graphqlMutation",
  subscription: "graphqlSubscription",
};

/** `env.graphql`. */
export function moduleEnv(host) {
  return {
    async execute(query, variables = null, { operationName = null } = {}) {
      return (await host.ask("graphql.execute", [query, variables, operationName])).value;
    },
    async publish(name, data, { match = null, matching = "subset" } = {}) {
      await host.ask("graphql.publish", [name, data ?? null, match, matching]);
    },
  };
}

/** The globals of the classic form. */
export function classic(host, registry) {
  const field = (kind) => (name, sdl, handler, visibility) =>
    registry.add(kind, name, { name, sdl, visibility }, handler);
  const send = (name, data, match, matching) => {
    host.askNow("graphql.publish", [name, data ?? null, match, matching]);
    return `sent to the subscription ${name}`;
  };
  return {
    database: {
      generateGraphQLForTable: (table, options) => generate(host, registry, table, options),
    },
    graphQLRegistry: {
      registerQuery: field("query"),
      registerMutation: field("mutation"),
      registerSubscription: field("subscription"),
      executeGraphQL(query, variables = null) {
        const given = objectOf("variables", variables);
        return stringify(host.askNow("graphql.execute", [query, given, null]).value);
      },
      sendSubscriptionMessage: (name, data) => send(name, data, null, "subset"),
      sendSubscriptionMessageFiltered: (name, data, filter = null, matching = "subset") =>
        send(name, data, objectOf("filter", filter), matching),
    },
  };
}

export const moduleCalls = {
  graphql: ({ handler, head, env, ctx }) =>
    answerOf(() =>
      hasOwn(head, "event")
        ? handler(head.event, head.args, env, ctx)
        : handler(head.args, env, ctx),
    ),
};

export const classicCalls = {
  graphql({ handler, head, context }) {
    context.kind = context.invocationType = KINDS[head.operation];
    context.args = head.args;
    context.request ??= { auth: authOf(head.user) };
    return answerOf(() => handler(context));
  },
};

export const declarations = {
  graphql(exported, { add, warn, refuse }) {
    if (exported === null || typeof exported !== "object") {
      refuse(`graphql is ${kindOf(exported)}, not an object`);
    }
    for (const member of Object.keys(exported)) {
      if (!MEMBERS.includes(member)) {
        warn(`graphql has an unknown member ${member}${suggestion(member, MEMBERS)}`, member);
      }
    }
    const { typeDefs, resolvers = {}, visibility } = exported;
    const sdl = isArray(typeDefs) ? typeDefs.join("\n") : typeDefs;
    if (typeof sdl !== "string") {
      refuse(`graphql.typeDefs is ${kindOf(sdl)}, not a text with types`, "typeDefs");
    }
    const visibilities = visibility !== null && typeof visibility === "object" ? visibility : {};
    add({ kind: "graphql", sdl, visibility: visibilities === visibility ? undefined : visibility });
    addResolvers(resolvers, visibilities, { add, refuse });
  },
};

function addResolvers(resolvers, visibilities, { add, refuse }) {
  const paths = [];
  for (const root of Object.keys(resolvers ?? {})) {
    if (!ROOTS.includes(root)) {
      const known = suggestion(root, ROOTS) || `; only ${ROOTS.join(", ")} have resolvers`;
      refuse(`graphql.resolvers has ${root}${known}`, root);
    }
    for (const name of Object.keys(resolvers[root] ?? {})) {
      const path = `${root}.${name}`;
      const field = {
        kind: "graphqlField",
        operation: root.toLowerCase(),
        name,
        visibility: hasOwn(visibilities, path) ? visibilities[path] : undefined,
      };
      if (root === "Subscription") addSubscription(field, resolvers[root][name], { add, refuse });
      else addField(field, path, resolvers[root][name], { add, refuse });
      paths.push(path);
    }
  }
  for (const path of Object.keys(visibilities)) {
    if (paths.includes(path)) continue;
    refuse(`graphql.visibility has ${path}, which is no field${suggestion(path, paths)}`, path);
  }
}

function addField(field, path, resolver, { add, refuse }) {
  if (typeof resolver !== "function") {
    refuse(`the resolver of ${path} is ${kindOf(resolver)}, not a function`, field.name);
  }
  add({ ...field, handler: `graphql.${path}` }, resolver);
}

/** A function decides who gets which events; an object has that as `filter`, and `resolve`. */
function addSubscription(field, subscription, { add, refuse }) {
  const path = `Subscription.${field.name}`;
  const { filter, resolve } =
    typeof subscription === "function" ? { filter: subscription } : partsOf();
  const registered = { ...field };
  if (resolve !== undefined) {
    registered.onEvent = `graphql.${path}.resolve`;
    add({ kind: "graphqlEvent", handler: registered.onEvent }, resolve);
  }
  if (filter === undefined) add(registered);
  else add({ ...registered, handler: `graphql.${path}` }, filter);

  function partsOf() {
    if (subscription === null || typeof subscription !== "object") {
      refuse(
        `${path} is ${kindOf(subscription)}, not an object with filter or resolve`,
        field.name,
      );
    }
    for (const member of Object.keys(subscription)) {
      if (!EVENT_MEMBERS.includes(member)) {
        const close = suggestion(member, EVENT_MEMBERS) || "; use filter and resolve";
        refuse(`${path} has ${member}${close}`, member);
      }
      if (typeof subscription[member] !== "function") {
        refuse(`${path}.${member} is ${kindOf(subscription[member])}, not a function`, member);
      }
    }
    return subscription;
  }
}

/** What the engine gets: `{value}`, or `{unauthenticated}` if the resolver needs a user. */
async function answerOf(resolve) {
  try {
    return { value: await resolve() };
  } catch (error) {
    if (!isUnauthenticated(error)) throw error;
    return { unauthenticated: error.message };
  }
}

/** An object, or the one that a text has as JSON; null for nothing. */
function objectOf(name, given) {
  if (given === null || given === undefined || given === "") return null;
  const value = typeof given === "string" ? parse(given) : given;
  if (value === null || typeof value !== "object" || isArray(value)) {
    throw new TypeError(`${name} is ${kindOf(value)}, not an object`);
  }
  return value;
}
