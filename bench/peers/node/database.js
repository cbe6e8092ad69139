// The pool and the statements that every hand-written peer shares: sql/NAME.sql, prepared by name.
import { readFileSync, readdirSync } from "node:fs";
import pg from "pg";

const FOLDER = new URL("../sql/", import.meta.url);
const statements = Object.fromEntries(
  readdirSync(FOLDER).map((file) => [
    file.replace(".sql", ""),
    readFileSync(new URL(file, FOLDER), "utf8"),
  ]),
);
const connectionString = process.env.PEER_DATABASE_URL;
export const CHANNEL = "aiwebengine_events";

const pool = new pg.Pool({ connectionString, max: Number(process.env.PEER_CONNECTIONS) });

/** The rows of a statement; *client* is a connection that holds a transaction. */
export async function rows(name, values = [], client = pool) {
  return (await client.query({ name, text: statements[name], values })).rows;
}

/** The first row of a statement, or undefined. */
export async function row(name, values, client) {
  return (await rows(name, values, client))[0];
}

/** What *change* gives, with everything that it wrote, or nothing of it. */
export async function transaction(change) {
  const client = await pool.connect();
  try {
    await client.query("begin");
    const done = await change(client);
    await client.query("commit");
    return done;
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}

/** Call *listener* with each announcement of a change, at its commit. */
export async function listen(listener) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  client.on("notification", ({ payload }) => listener(payload));
  await client.query(`listen ${CHANNEL}`);
}
