// Opens many subscriptions over graphql-transport-ws, makes changes at a steady pace, and reports as
// JSON when each arrived. Both ends are in one process, so that one clock times them.
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import WebSocket from "ws";

const { url, token, database, followers, perSecond, seconds, people } = JSON.parse(
  process.env.FOLLOWERS,
);
const QUERY = "subscription { userChanged { kind userId user { email roles } } }";
const AT_ONCE = 20;
const SETTLE_MS = 5_000;
const OPEN_MS = 60_000;

const made = new Map();
const latencies = [];
const strange = [];
let doubled = 0;

function follow() {
  return new Promise((resolve, reject) => {
    const seen = new Set();
    const socket = new WebSocket(url, "graphql-transport-ws", {
      headers: { authorization: `Bearer ${token}` },
      handshakeTimeout: OPEN_MS,
    });
    socket.on("error", reject);
    socket.on("open", () => socket.send('{"type":"connection_init"}'));
    socket.on("message", (text) => {
      const arrived = performance.now();
      const message = JSON.parse(text);
      if (message.type === "connection_ack") {
        const payload = { query: QUERY };
        socket.send(JSON.stringify({ id: "1", type: "subscribe", payload }));
        resolve(socket);
      } else if (message.type === "ping") {
        socket.send('{"type":"pong"}');
      } else {
        received(message, arrived, seen);
      }
    });
  });
}

function received(message, arrived, seen) {
  const change = message.payload?.data?.userChanged;
  const began = made.get(change?.userId);
  if (began === undefined || change.user === null) {
    if (strange.length < 3) strange.push(message);
  } else if (seen.has(change.userId)) {
    doubled += 1;
  } else {
    seen.add(change.userId);
    latencies.push(arrived - began);
  }
}

async function change(client, person) {
  made.set(person, performance.now());
  await client.query({
    name: "change",
    text: `with event as (
        insert into audit_events (action, actor_kind, actor_label, target_type, target_id,
          target_label, door)
        values ('role.granted', 'system', 'bench', 'user', $1, 'bench', 'bench') returning id
      )
      select pg_notify('aiwebengine_events', id || ' role.granted') from event`,
    values: [person],
  });
}

const client = new pg.Client({ connectionString: database });
await client.connect();
const sockets = [];
const openBegan = performance.now();
while (sockets.length < followers) {
  const some = Math.min(AT_ONCE, followers - sockets.length);
  sockets.push(...(await Promise.all(Array.from({ length: some }, follow))));
}
const openMs = performance.now() - openBegan;
await pause(SETTLE_MS);
const began = performance.now();
const changes = people.slice(0, perSecond * seconds);
for (const [number, person] of changes.entries()) {
  await pause(Math.max(0, began + (number * 1_000) / perSecond - performance.now()));
  await change(client, person);
}
await pause(SETTLE_MS);
latencies.sort((one, other) => one - other);
const at = (part) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))];
console.log(
  JSON.stringify({
    openMs,
    expected: changes.length * followers,
    arrived: latencies.length,
    doubled,
    strange,
    p50: at(0.5) ?? null,
    p99: at(0.99) ?? null,
  }),
);
for (const socket of sockets) socket.terminate();
await client.end();
