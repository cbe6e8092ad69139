// An event stream by Fastify, as its guide writes it: each message goes to every open response.
import { createRequire } from "node:module";

const require = createRequire(new URL("../peers/node/package.json", import.meta.url));
const app = require("fastify")();
const open = new Set();
let last = 0;

app.get("/bench/events", (request, reply) => {
  reply.hijack();
  reply.raw.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store, no-transform",
  });
  reply.raw.write("retry: 2000\n\n");
  open.add(reply.raw);
  request.raw.on("close", () => open.delete(reply.raw));
});
app.post("/bench/send", async (request) => {
  const event = `id: ${++last}\ndata: ${request.body}\n\n`;
  for (const response of open) response.write(event);
  return "sent";
});
await app.listen({ host: "127.0.0.1", port: Number(process.env.PEER_PORT) });
