import assert from "node:assert/strict";
import { test } from "node:test";
import { choicesOf, keyOf, MAX_AT_ONCE, portions } from "../access_reviews/choices.js";

const choice = (/** @type {number} */ number) => ({
  userId: `user${number}`,
  role: "EDITOR",
  decision: "KEEP",
  note: number === 0 ? "  writes  " : " ",
});

test("many decisions are sent in portions that the server accepts, none twice", () => {
  const all = Array.from({ length: 2 * MAX_AT_ONCE + 1 }, (_, number) => choice(number));

  const parts = portions(all);

  assert.deepEqual(
    parts.map((part) => part.length),
    [MAX_AT_ONCE, MAX_AT_ONCE, 1],
  );
  assert.equal(new Set(parts.flat().map(keyOf)).size, all.length);
  assert.equal(parts[0][0].note, "writes");
  assert.equal(parts[0][1].note, null);
  assert.deepEqual(portions([]), []);
});

test("decisions belong to one review and survive a visit of another page", () => {
  choicesOf("1").set("a", choice(1));

  assert.equal(choicesOf("1").size, 1);
  assert.equal(choicesOf("2").size, 0);
});
