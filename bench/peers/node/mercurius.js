// Mercurius with its compiler, on Fastify and node-postgres.
import cluster from "node:cluster";
import Fastify from "fastify";
import { GraphQLScalarType } from "graphql";
import mercurius from "mercurius";
import { listen } from "./database.js";
import { announced, callerOf, changeRole, count, mustAdminister, page } from "./people.js";

const schema = `
  scalar DateTime
  enum Role { AUTHENTICATED EDITOR ADMINISTRATOR }
  enum UserChangeKind { CREATED ROLES STATUS ACCESS DELETED }
  type Viewer { id: ID! email: String! name: String! roles: [Role!]! }
  type Identity { provider: String! subject: String! email: String }
  type User {
    id: ID! email: String! name: String! createdAt: DateTime! version: Int!
    roles: [Role!]! providers: [String!]! identities: [Identity!]!
  }
  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type UserConnection { nodes: [User!]! pageInfo: PageInfo! totalCount: Int! }
  type RoleChange { user: User! role: Role! changed: Boolean! }
  type UserChange { kind: UserChangeKind! userId: ID! user: User }
  input GrantRoleInput { userId: ID! role: Role! reason: String }
  input RevokeRoleInput { userId: ID! role: Role! reason: String }
  type Query {
    viewer: Viewer
    users(first: Int = 50, after: String, search: String): UserConnection!
  }
  type Mutation {
    grantRole(input: GrantRoleInput!): RoleChange!
    revokeRole(input: RevokeRoleInput!): RoleChange!
  }
  type Subscription { userChanged: UserChange! }
`;

const resolvers = {
  DateTime: new GraphQLScalarType({
    name: "DateTime",
    serialize: (instant) => instant.toISOString(),
  }),
  Query: {
    viewer: (_, __, { caller }) => caller,
    users(_, args, { caller }, info) {
      mustAdminister(caller);
      return page(args, asksFor(info.fieldNodes, "identities"));
    },
  },
  User: { createdAt: (user) => user.created_at },
  UserConnection: { totalCount: () => count() },
  Mutation: {
    grantRole: (_, { input }, { caller, request }) => changeRole(caller, request, input, true),
    revokeRole: (_, { input }, { caller, request }) => changeRole(caller, request, input, false),
  },
  Subscription: {
    userChanged: {
      subscribe(_, __, { caller, pubsub }) {
        mustAdminister(caller);
        return pubsub.subscribe("USER_CHANGED");
      },
    },
  },
};

function asksFor(fields, name) {
  return fields.some(
    (field) => field.name?.value === name || asksFor(field.selectionSet?.selections ?? [], name),
  );
}

async function serve() {
  const app = Fastify();
  app.register(mercurius, {
    schema,
    resolvers,
    jit: 1,
    context: async (request) => ({ request, caller: await callerOf(request) }),
    subscription: {
      context: async (_, request) => ({ request, caller: await callerOf(request) }),
    },
  });
  app.get("/health", async () => ({ status: "ok" }));
  await app.ready();
  await listen(async (message) => {
    const change = await announced(message);
    if (change !== null) {
      app.graphql.pubsub.publish({ topic: "USER_CHANGED", payload: { userChanged: change } });
    }
  });
  await app.listen({ host: "127.0.0.1", port: Number(process.env.PEER_PORT) });
}

const workers = Number(process.env.PEER_WORKERS);
if (cluster.isPrimary && workers > 1) {
  for (let started = 0; started < workers; started += 1) cluster.fork();
  process.on("SIGTERM", () => {
    for (const worker of Object.values(cluster.workers)) worker.process.kill();
    process.exit();
  });
} else {
  await serve();
}
