import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { parse } from "acorn";
import htm from "htm";
import { modules } from "../tools/documents.mjs";

const FIELDS = ["input", "select", "textarea"];
/** Kinds of inputs whose `value` nobody types. */
const FIXED = ["radio", "checkbox", "hidden"];

/** The fields in the `html` templates of a module, with their properties. */
function fieldsOf(code) {
  const found = [];
  const build = htm.bind((type, props) => {
    if (FIELDS.includes(type)) found.push(props ?? {});
  });
  const walk = (node) => {
    if (!node || typeof node !== "object") return;
    if (node.type === "TaggedTemplateExpression" && node.tag.name === "html") {
      const { quasis, expressions } = node.quasi;
      build(
        quasis.map((one) => one.value.cooked),
        ...expressions.map(() => ({})),
      );
    }
    Object.values(node).forEach(walk);
  };
  walk(parse(code, { ecmaVersion: "latest", sourceType: "module" }));
  return found;
}

/** Whether a render sets the field to something else than what somebody typed into it. */
const isReset = ({ type, value, checked, onInput, onChange }) =>
  !onInput &&
  !onChange &&
  (checked !== undefined || (value !== undefined && !FIXED.includes(type)));

test("no field is reset by a render: without state it has a default", async () => {
  const reset = [];
  let fields = 0;
  for (const path of await modules()) {
    for (const field of fieldsOf(await readFile(path, "utf8"))) {
      fields += 1;
      if (isReset(field)) reset.push(`${path}: ${Object.keys(field).join(" ")}`);
    }
  }

  assert.ok(fields > 50);
  assert.deepEqual(reset, []);
});
