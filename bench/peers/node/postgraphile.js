// PostGraphile: the schema is made from the view in postgraphile.sql; reads only.
import "./with-resolvers.js";
import cluster from "node:cluster";
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { context } from "postgraphile/grafast";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { extendSchema, gql } from "postgraphile/utils";
import { callerOf, mustAdminister } from "./people.js";

const viewer = extendSchema({
  typeDefs: gql`
    type Viewer {
      id: ID!
      email: String!
      name: String!
      roles: [Role!]!
    }
    extend type Query {
      viewer: Viewer
    }
  `,
  objects: { Query: { plans: { viewer: () => context().get("caller") } } },
});

const preset = {
  extends: [PostGraphileAmberPreset],
  plugins: [viewer],
  disablePlugins: ["NodePlugin"],
  pgServices: [
    makePgService({
      connectionString: process.env.PEER_DATABASE_URL,
      schemas: ["peer"],
      poolConfig: { max: Number(process.env.PEER_CONNECTIONS) },
    }),
  ],
  grafserv: { graphqlPath: "/graphql", graphiql: false, maxRequestLength: 1_000_000 },
  grafast: {
    explain: false,
    async context({ node: { req } }) {
      const { headers, socket } = req;
      const caller = await callerOf({ headers, ip: socket.remoteAddress });
      mustAdminister(caller);
      return { caller };
    },
  },
};

async function serve() {
  const server = createServer();
  await postgraphile(preset).createServ(grafserv).addTo(server);
  server.listen(Number(process.env.PEER_PORT), "127.0.0.1");
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
