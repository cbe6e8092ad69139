// The two answers by Fastify, as its guide writes them.
import { createRequire } from "node:module";
import { work } from "./work.js";

const require = createRequire(new URL("../peers/node/package.json", import.meta.url));
const app = require("fastify")();

app.get("/bench/hello", async () => ({ hello: "world" }));
app.get("/bench/work", async () => work());
await app.listen({ host: "127.0.0.1", port: Number(process.env.PEER_PORT) });
