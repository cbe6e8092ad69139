// What the forms of the panel Data become.
import assert from "node:assert/strict";
import { test } from "node:test";
import { changesOf, isWritable, valuesOf } from "../editor/data/row-values.js";
import { addressOf } from "../editor/data/file-address.js";
import { ttlOf } from "../editor/data/ttl.js";

const COLUMNS = ["a", "b", "c"].map((name) => ({ name, isGenerated: name === "c" }));

/** @param {Record<string, string>} fields */
function formOf(fields) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  return form;
}

test("a new row has the values that were typed, NULL, and no others", () => {
  const form = formOf({ "kind-0": "value", "text-0": "", "kind-1": "null", "text-1": "x" });
  assert.deepEqual(valuesOf(COLUMNS, form), [
    { column: "a", value: "" },
    { column: "b", value: null },
  ]);
  assert.deepEqual(valuesOf(COLUMNS, formOf({ "kind-0": "default", "text-0": "x" })), []);
});

test("only what differs is written, whatever line breaks a text area makes", () => {
  const row = { cells: ["one\r\ntwo", null, "3"], shortened: [] };
  const same = { "kind-0": "value", "text-0": "one\ntwo", "kind-1": "null", "text-1": "" };
  assert.deepEqual(changesOf(COLUMNS, row, formOf(same)), []);
  assert.deepEqual(changesOf(COLUMNS, row, formOf({ ...same, "kind-0": "null" })), [
    { column: "a", value: null },
  ]);
  assert.deepEqual(changesOf(COLUMNS, row, formOf({ ...same, "kind-1": "value" })), [
    { column: "b", value: "" },
  ]);
});

test("what PostgreSQL sets and what is shortened has no field", () => {
  const row = { cells: ["x", "y", "z"], shortened: [{ column: 1 }] };
  assert.deepEqual(
    COLUMNS.map((column, index) => isWritable(column, row, index)),
    [true, false, false],
  );
  assert.ok(isWritable(COLUMNS[1], null, 1));
});

test("seconds until a value expires", () => {
  assert.equal(ttlOf(" "), null);
  assert.equal(ttlOf("0"), 0);
  assert.equal(ttlOf(" 1.5 "), 1.5);
  for (const text of ["soon", "-1", "Infinity", "1e999"])
    assert.throws(() => ttlOf(text), /allowed/);
});

test("the address of a file", () => {
  assert.equal(
    addressOf("shop", "a b/c#?.txt"),
    "/api/engine/scripts/shop/files/a%20b/c%23%3F.txt",
  );
});
