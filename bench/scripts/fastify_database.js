// The same reads by Fastify with node-postgres, as their guides write them.
import { createRequire } from "node:module";

const require = createRequire(new URL("../peers/node/package.json", import.meta.url));
const app = require("fastify")();
const { Pool } = require("pg");
const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 10 });

async function read(id) {
  const { rows } = await pool.query("select id, text from bench_notes where id = $1", [id]);
  return rows[0];
}

app.get("/bench/read", async () => read(1 + Math.floor(Math.random() * 1000)));
app.get("/bench/reads", async () => {
  const notes = [];
  for (let at = 0; at < 5; at++) notes.push(await read(1 + Math.floor(Math.random() * 1000)));
  return notes;
});
await app.listen({ host: "127.0.0.1", port: Number(process.env.PEER_PORT) });
