import assert from "node:assert/strict";
import { test } from "node:test";
import { ceiling, extended, extent, nearest, path, points } from "../telemetry/lines.js";

const START = Date.parse("2026-01-01T00:00:00Z");
const sample = (seconds, value) => ({
  at: new Date(START + 1_000 * seconds).toISOString(),
  p50Ms: value,
});

test("unknown values are not points", () => {
  const line = points([sample(0, 1), sample(10, null), sample(20, 3)], "p50Ms");

  assert.deepEqual(
    line.map(({ value }) => value),
    [1, 3],
  );
});

test("a newer sample goes to the end once, and the oldest leave", () => {
  const samples = [sample(0, 1), sample(10, 2)];

  const once = extended(samples, sample(20, 3), START + 5_000);
  const twice = extended(once, sample(20, 3), START + 5_000);
  const late = extended(twice, sample(10, 9), START + 5_000);

  assert.deepEqual(
    late.map((one) => one.p50Ms),
    [2, 3],
  );
});

test("the scale ends at a round number", () => {
  assert.deepEqual([0, 0.3, 1, 1.1, 45, 501].map(ceiling), [1, 0.5, 1, 2, 50, 1_000]);
});

test("a line has gaps where nothing was observed", () => {
  const line = points([sample(0, 0), sample(10, 5), sample(60, 10)], "p50Ms");
  const field = { from: START, to: START + 100_000, low: 0, high: 10, step: 10_000 };

  assert.equal(path(line, field), "M0.00 100.00L10.00 50.00M60.00 0.00");
});

test("the extent has the last, smallest and largest value, and the nearest point is found", () => {
  const line = points([sample(0, 4), sample(10, 1), sample(20, 2)], "p50Ms");

  assert.deepEqual(extent(line), { now: 2, least: 1, most: 4 });
  assert.equal(nearest(line, START + 13_000)?.value, 1);
  assert.equal(nearest([], START), undefined);
});
