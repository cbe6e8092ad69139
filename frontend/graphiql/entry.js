import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import "graphiql/style.css";
import { createClient } from "graphql-ws";
import { createElement } from "react";
import { createRoot } from "react-dom/client";

const WELCOME = `# Everything that the pages do can be asked for here.
# Ctrl-Space completes, Ctrl-Enter runs.

{
  viewer {
    email
    roles
  }
}
`;

const socket = `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/graphql`;

const fetcher = createGraphiQLFetcher({
  url: "/graphql",
  wsClient: createClient({ url: socket, lazy: true }),
});

const root = document.getElementById("graphiql");
if (root) {
  createRoot(root).render(createElement(GraphiQL, { fetcher, defaultQuery: WELCOME }));
}
