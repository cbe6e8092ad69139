import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import "graphiql/style.css";
import { createClient } from "graphql-ws";
import { createElement } from "react";
import { createRoot } from "react-dom/client";

// The engine's own schema, or that of its scripts.
const url = location.pathname.startsWith("/scripts/") ? "/scripts/graphql" : "/graphql";

const OF_SCRIPTS = `# The fields that the scripts of this host offer.
# Ctrl-Space completes, Ctrl-Enter runs.

{
  __typename
}
`;

const WELCOME = `# Everything that the pages do can be asked for here.
# Ctrl-Space completes, Ctrl-Enter runs.

{
  viewer {
    email
    roles
  }
}
`;

const defaultQuery = url === "/graphql" ? WELCOME : OF_SCRIPTS;

const socket = `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${url}`;

const fetcher = createGraphiQLFetcher({
  url,
  wsClient: createClient({ url: socket, lazy: true }),
});

const root = document.getElementById("graphiql");
if (root) {
  createRoot(root).render(createElement(GraphiQL, { fetcher, defaultQuery }));
}
