import assert from "node:assert/strict";
import { test } from "node:test";
import { Answers } from "../lib/answers.js";

test("an answer is taken unless a later one was", () => {
  const answers = new Answers();
  const [first, second, third] = [answers.ask(), answers.ask(), answers.ask()];

  assert.equal(answers.takes(second), true);
  assert.equal(answers.takes(first), false);
  assert.equal(answers.takes(third), true);
  assert.equal(answers.takes(third), false);
});

test("requests that are sent faster than they are answered do not starve", () => {
  const answers = new Answers();
  const taken = [];
  for (let n = 0; n < 5; n++) {
    const request = answers.ask();
    if (n > 0) taken.push(answers.takes(request - 1));
  }

  assert.deepEqual(taken, [true, true, true, true]);
});

test("an answer to a request from before a change has the change, a later one has not", () => {
  const answers = new Answers();
  const [first, second] = [answers.ask(), answers.ask()];
  answers.change((/** @type {string[]} */ all) => [...all, "added"]);
  const third = answers.ask();

  assert.deepEqual(answers.changed(first, ["old"]), ["old", "added"]);
  assert.deepEqual(answers.changed(second, ["older"]), ["older", "added"]);
  assert.deepEqual(answers.changed(third, ["new"]), ["new"]);
});

test("a change is forgotten where nothing is under way", () => {
  const answers = new Answers();
  answers.takes(answers.ask());
  answers.change(() => ["changed"]);
  const next = answers.ask();

  assert.deepEqual(answers.changed(next, ["new"]), ["new"]);
});
