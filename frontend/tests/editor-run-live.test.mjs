// @ts-check
/** Event streams of the panel Run: their parser, and the rows that are kept. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { curl } from "../editor/run/curl.js";
import { wordsOf } from "../editor/run/live/close-codes.js";
import {
  EventStreamParser,
  EventTooLarge,
  LARGEST_EVENT,
} from "../editor/run/live/event-stream.js";
import {
  KeptRows,
  LONGEST_DATA,
  MOST_CHARACTERS,
  MOST_ROWS,
} from "../editor/run/live/kept-rows.js";
import { formFor, hasBody, kindOf, protocolsOf } from "../editor/run/requests.js";

const encoder = new TextEncoder();

/** The events of a body that comes in parts of this size. @param {string} text @param {number} size */
function eventsOf(text, size = Infinity) {
  const parser = new EventStreamParser();
  const bytes = encoder.encode(text);
  const events = [];
  for (let from = 0; from < bytes.length; from += size)
    events.push(...parser.push(bytes.subarray(from, Math.min(from + size, bytes.length))));
  return { events, parser };
}
const message = (/** @type {string} */ data, id = "", event = "message") => ({ id, event, data });

// Those of the standard's section 9.2.6 first.
const STREAMS = [
  ["data: YHOO\ndata: +2\ndata: 10\n\n", [message("YHOO\n+2\n10")]],
  [
    ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
    [message("first event", "1"), message("second event"), message(" third event")],
  ],
  ["data\n\ndata\ndata\n\ndata:", [message(""), message("\n")]],
  ["data:test\n\ndata: test\n\n", [message("test"), message("test")]],
  ["event: add\ndata: 1\n\ndata: 2\n\n", [message("1", "", "add"), message("2")]],
  // Without data there is no event, and its type is forgotten.
  ["event: add\n\ndata: 1\n\n", [message("1")]],
  ["id: 7\n\ndata: 1\n\ndata: 2\n\n", [message("1", "7"), message("2", "7")]],
  ["id: 7\nid: a\0b\ndata: 1\n\n", [message("1", "7")]],
  ["data: a\r\ndata: b\r\rdata: c\n\r\n", [message("a\nb"), message("c")]],
  ["data: a\r\n\r\ndata: b\r\n\r\n", [message("a"), message("b")]],
  ["\ufeffdata: a\n\n\ufeffdata: b\n\n", [message("a")]],
  ["data: Zoë 🐘 – 漢字\n\n", [message("Zoë 🐘 – 漢字")]],
  ["DATA: a\nunknown: b\ndata : c\n\n", []],
  ["data: not ended\n", []],
];

test("events are read as the standard says, wherever the parts of the body end", () => {
  for (const [text, wanted] of STREAMS)
    for (const size of [1, 2, 3, 5, 7, Infinity])
      assert.deepEqual(
        eventsOf(/** @type {string} */ (text), size).events,
        wanted,
        `${JSON.stringify(text)} by ${size}`,
      );
});

test("an event comes as soon as its blank line does, also after a carriage return", () => {
  const parser = new EventStreamParser();
  assert.deepEqual(parser.push(encoder.encode("data: a\r\r")), [message("a")]);
  // This line feed belongs to the return before.
  assert.deepEqual(parser.push(encoder.encode("\ndata: b\n")), []);
  assert.deepEqual(parser.push(encoder.encode("\n")), [message("b")]);
});

test("the last event ID counts once the blank line has come, and an empty one resets it", () => {
  const parser = new EventStreamParser();
  parser.push(encoder.encode("id: 1\ndata: a\n\nid: 2\n"));
  assert.equal(parser.lastEventId, "1");
  parser.push(encoder.encode("\n"));
  assert.equal(parser.lastEventId, "2");
  parser.push(encoder.encode("id\n\n"));
  assert.equal(parser.lastEventId, "");
});

test("retry is digits only, and comments are counted", () => {
  const { parser } = eventsOf("retry: 1500\nretry: 1e3\nretry: -1\nretry:\n: a\n:\n\n");
  assert.equal(parser.retry, 1500);
  assert.equal(parser.comments, 2);
});

test("bytes that are no UTF-8 are replaced", () => {
  const parser = new EventStreamParser();
  const bytes = new Uint8Array([...encoder.encode("data: "), 0xff, 0x0a, 0x0a]);
  assert.deepEqual(parser.push(bytes), [message("\ufffd")]);
});

test("an event that never ends does not fill the memory", () => {
  const part = "x".repeat(100_000);
  for (const repeated of [part, `data: ${part}\n`, `:${part}`]) {
    const parser = new EventStreamParser();
    assert.throws(() => {
      for (let sent = 0; sent <= LARGEST_EVENT + part.length; sent += part.length)
        parser.push(encoder.encode(repeated));
    }, EventTooLarge);
  }
  // Lines that are over do not count.
  const parser = new EventStreamParser();
  for (let times = 0; times < 30; times += 1) parser.push(encoder.encode(`:${part}\n`));
  assert.equal(parser.comments, 30);
});

test("the newest rows are kept, and those that are gone are counted", () => {
  const kept = new KeptRows();
  for (let number = 1; number <= MOST_ROWS + 5; number += 1)
    kept.add({ label: "message", text: String(number) }, number);
  assert.equal(kept.rows.length, MOST_ROWS);
  assert.equal(kept.gone, 5);
  assert.equal(kept.rows[0].text, String(MOST_ROWS + 5));
  assert.equal(kept.rows.at(-1)?.text, "6");
  assert.equal(kept.rows, kept.rows);
});

test("rows have a limit in characters, each and together", () => {
  const kept = new KeptRows();
  for (let number = 0; number < 100; number += 1)
    kept.add({ label: "l".repeat(10_000), id: "i".repeat(10_000), text: "🐘".repeat(100_000) });
  const [row] = kept.rows;
  assert.ok(row.label.length + row.id.length < 1_000);
  assert.equal(row.text.length, LONGEST_DATA);
  assert.equal(row.length, 200_000);
  const characters = kept.rows.reduce((sum, { text }) => sum + text.length, 0);
  assert.ok(characters <= MOST_CHARACTERS, String(characters));
  assert.equal(kept.gone, 100 - kept.rows.length);
});

test("a code of a WebSocket has words", () => {
  assert.match(wordsOf(1011), /exception/);
  assert.match(wordsOf(4000), /by the script/);
  assert.match(wordsOf(2999), /without a meaning/);
});

const ROUTES = [
  { method: "GET", path: "/news/:topic", kind: "stream" },
  { method: "POST", path: "/news/:topic", kind: "route" },
  { method: "SOCKET", path: "/news/:topic", kind: "socket" },
  { method: "*", path: "/all", kind: "route" },
];

test("a form knows whether its route answers, streams or is a WebSocket", () => {
  const [stream, post, socket, all] = ROUTES.map((route) => formFor(route, "news"));
  const other = { ...stream, route: "", path: "/news/sport?x=1" };

  assert.equal(kindOf(stream, ROUTES), "stream");
  assert.equal(kindOf(post, ROUTES), "answer");
  assert.equal(kindOf(socket, ROUTES), "socket");
  assert.equal(kindOf(all, ROUTES), "answer");
  assert.equal(kindOf(other, ROUTES), "stream");
  assert.equal(kindOf({ ...other, method: "POST" }, ROUTES), "answer");
  assert.equal(kindOf({ ...other, path: "/elsewhere" }, ROUTES), "answer");
  assert.equal(hasBody(socket.method), false);
  assert.deepEqual(protocolsOf({ ...socket, protocols: " chat.2,, chat.1 " }), [
    "chat.2",
    "chat.1",
  ]);
});

test("a command for an event stream shows what comes at once", () => {
  const request = { method: "GET", path: "/news", headers: [], body: "", asViewer: false };

  assert.equal(
    curl(request, "http://a", { isStream: true }),
    "curl \\\n  http://a/news \\\n  --no-buffer",
  );
});
