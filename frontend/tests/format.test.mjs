import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import {
  ago,
  count,
  date,
  duration,
  durationOfMs,
  exactly,
  figure,
  instant,
  percent,
  perSecond,
  share,
  size,
  until,
} from "../lib/format.js";

/** Runs something as in another time zone. */
function within(zone, run) {
  const before = process.env.TZ;
  process.env.TZ = zone;
  try {
    return run();
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
}

test("a size is decimal and has one digit", () => {
  const sizes = [0, 999, 1_000, 1_234, 381_440, 999_960, 1_500_000_000, 2.5e15, -2_048, null];

  assert.deepEqual(sizes.map(size), [
    "0 B",
    "999 B",
    "1.0 kB",
    "1.2 kB",
    "381.4 kB",
    "1.0 MB",
    "1.5 GB",
    "2.5 PB",
    "−2.0 kB",
    "–",
  ]);
});

test("a duration has the two largest units that it has", () => {
  const spans = [0, 0.00012, 0.0045, 0.35, 1, 1.5, 59.4, 59.6, 125, 3_599, 10_800, 93_600, 360_000];

  assert.deepEqual(spans.map(duration), [
    "0 ms",
    "0.1 ms",
    "4.5 ms",
    "350 ms",
    "1 s",
    "1.5 s",
    "59 s",
    "1 min",
    "2 min 5 s",
    "59 min 59 s",
    "3 h",
    "1 day 2 h",
    "4 days 4 h",
  ]);
  assert.deepEqual(
    [duration(null), durationOfMs(undefined), durationOfMs(350)],
    ["–", "–", "350 ms"],
  );
});

test("an instant has the date, 24 hours and the zone of the reader, with UTC beside it", () => {
  const evening = "2026-11-27T22:15:42Z";

  assert.equal(
    within("UTC", () => instant(evening)),
    "2026-11-27 22:15 UTC",
  );
  assert.equal(
    within("UTC", () => exactly(evening)),
    "2026-11-27 22:15:42 UTC",
  );
  assert.equal(
    within("Europe/Berlin", () => instant(evening)),
    "2026-11-27 23:15 UTC+1",
  );
  assert.equal(
    within("Australia/Lord_Howe", () => date(evening)),
    "2026-11-28 09:15",
  );
  assert.equal(
    within("America/St_Johns", () => instant(evening)),
    "2026-11-27 18:45 UTC−3:30",
  );
  assert.equal(
    within("Europe/Berlin", () => exactly(evening)),
    "2026-11-27 23:15:42 UTC+1 (2026-11-27 22:15:42 UTC)",
  );
});

test("a relative time names the largest unit that fits and its number", () => {
  const now = Date.parse("2026-01-10T12:00:00Z");
  const relative = (seconds) => ago(now + 1_000 * seconds, now);

  assert.deepEqual(
    [-1, -240, 10_800, -172_800, -3_590, 86_400 * 3, 86_400 * 30, 86_400 * 31, -86_400 * 400].map(
      relative,
    ),
    [
      "just now",
      "4 min ago",
      "in 3 hours",
      "2 days ago",
      "1 hour ago",
      "in 3 days",
      "in 4 weeks",
      "in 1 month",
      "1 year ago",
    ],
  );
});

test("what is still to come is never just now", () => {
  const now = Date.parse("2026-01-10T12:00:00Z");

  assert.deepEqual(
    [-7_200, 0, 1, 59, 60, 10_800].map((seconds) => until(now + 1_000 * seconds, now)),
    [
      "due now",
      "due now",
      "in less than a minute",
      "in less than a minute",
      "in 1 min",
      "in 3 hours",
    ],
  );
});

test("a noun agrees with its number", () => {
  assert.deepEqual(
    [count(1, "user"), count(2, "user"), count(0, "user"), count(1_200, "entry", "entries")],
    ["1 user", "2 users", "0 users", "1,200 entries"],
  );
  assert.deepEqual([count(1_234), count(null)], ["1,234", "–"]);
});

test("numbers and percentages keep their significant digits", () => {
  assert.deepEqual([0.1234, 12.34, 1_234, null].map(figure), ["0.12", "12.3", "1,234", "–"]);
  assert.deepEqual(
    [percent(28.34), percent(5), share(1, 8), share(1, 0)],
    ["28.3%", "5%", "12.5%", "–"],
  );
  assert.equal(perSecond(undefined), "–");
});

/** What only `lib/format.js` may do: units, zones and separators. */
const FORMATS =
  /toLocale\w*String|Intl\.(?!Segmenter)|1_?024\b|1_?000_?000\b|"(?:[KMGT]i?B|kB)"|\)\.toFixed\(|Ms\.toFixed/;
/** A number from the program, and behind it a noun that is always plural. */
const PLURAL =
  /\}\s+(?:more |new )?(?:alert|backup|change|check|connection|day|decision|event|file|hour|instance|line|migration|minute|problem|review|role|row|run|second|session|statement|table|time|token|user|worker|entrie)s\b(?!\s*=)/;
/** A choice between singular and plural that is written by hand. */
const BY_HAND = /=== 1 \? "/;

test("no page but the formatter writes units, dates or plurals", async () => {
  const files = (await readdir(".", { recursive: true })).filter(
    (name) =>
      name.endsWith(".js") &&
      !/^(node_modules|vendor|tests|tools|types|graphiql)\b/.test(name) &&
      name !== "lib/format.js",
  );
  const found = [];
  for (const name of files) {
    const text = await readFile(name, "utf8");
    for (const [index, line] of text.split("\n").entries()) {
      if (/^\s*(\*|\/[/*])|^(import|export) /.test(line)) continue;
      if ([FORMATS, PLURAL, BY_HAND].some((form) => form.test(line)))
        found.push(`${name}:${index + 1}: ${line.trim()}`);
    }
  }

  assert.ok(files.length > 50);
  assert.deepEqual(found, []);
});
