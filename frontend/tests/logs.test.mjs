import assert from "node:assert/strict";
import { test } from "node:test";
import { inField } from "../logs/log-filter.js";
import { isOfTheManager, marks, said } from "../logs/log-said.js";
import { traceLines, traceOf } from "../logs/trace.js";

const line = (/** @type {any} */ given) => ({
  event: "request",
  level: "INFO",
  method: "POST",
  path: "/graphql",
  status: 200,
  ms: 5,
  fields: {},
  ...given,
});

test("a slow statement says how long it took, and that it is slow or failed in words", () => {
  const slow = line({
    event: "database.slow_query",
    method: null,
    path: null,
    status: null,
    ms: 1234.5,
    fields: { statement: "select 1", failed: true },
  });

  assert.match(said(slow), /^database\.slow_query 1\.2 s statement=select 1/);
  assert.deepEqual(
    marks(slow).map(({ word }) => word),
    ["failed", "slow"],
  );
});

test("a 5xx and an INTERNAL behind a 200 are marked as failed, a refusal is not", () => {
  const words = (/** @type {any} */ given) => marks(line(given)).map(({ word }) => word);

  assert.deepEqual(words({ status: 503, level: "ERROR" }), ["failed"]);
  assert.deepEqual(words({ status: 200, level: "ERROR" }), ["failed"]);
  assert.deepEqual(words({ status: 403 }), []);
  assert.deepEqual(words({ ms: 1_500 }), ["slow"]);
});

test("requests of the manager can be hidden, except failures, and never those of scripts", () => {
  const fields = { session_id: "s" };

  assert.equal(isOfTheManager(line({ fields })), true);
  assert.equal(isOfTheManager(line({ fields: { token_id: "t" } })), false);
  assert.equal(isOfTheManager(line({ fields, status: 503, level: "ERROR" })), false);
  assert.equal(isOfTheManager(line({ event: "database.down" })), false);
});

test("a trace keeps its lines, and only the engine's own frames are marked", () => {
  const trace = [
    "Traceback (most recent call last):",
    '  File "/opt/lib/starlette/routing.py", line 1, in app',
    "    await call()",
    '  File "/opt/lib/aiwebengine/users/service.py", line 7, in page',
    "    raise RuntimeError",
    "RuntimeError: by accident",
    "",
  ].join("\n");

  const lines = traceLines(trace);

  assert.equal(lines.map(({ text }) => `${text}\n`).join(""), trace);
  assert.deepEqual(
    lines.map(({ own }) => own),
    [false, false, false, true, true, false],
  );
  assert.equal(traceOf({ exception: ["no", "text"] }), null);
});

test("an instant in UTC, as an alert's link has it, fills a field for local times", () => {
  const field = inField("2026-01-31T12:00:00Z");

  assert.match(field, /^2026-0[12]-\d\dT\d\d:\d\d$/);
  assert.equal(new Date(field).getTime(), Date.parse("2026-01-31T12:00:00Z"));
  assert.equal(inField("soon"), "");
});
