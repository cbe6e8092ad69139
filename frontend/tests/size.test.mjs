import assert from "node:assert/strict";
import test from "node:test";
import { size } from "../lib/size.js";

test("sizes are told in the largest unit that fits", () => {
  assert.equal(size(0), "0 B");
  assert.equal(size(999), "999 B");
  assert.equal(size(1_234), "1.2 KB");
  assert.equal(size(381_440), "381 KB");
  assert.equal(size(2_500_000_000), "2.5 GB");
});
