/** What a search in all files reads. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { textsOf } from "../editor/search/texts.js";
import { Workspace } from "../editor/workspace/files.js";

const text = (path, text) => ({ path, text, base64: null });

test("files that are too large for a search are named, and the others are searched", () => {
  const workspace = new Workspace({ slug: "x" });
  workspace.load(1, [
    text("a.txt", "12345"),
    text("b.txt", "1234567"),
    text("c.txt", "12345"),
    { path: "logo.png", text: null, base64: "/wA=" },
    { path: "rows.json", text: null, base64: null, size: 2e6, digest: "abc" },
  ]);

  const { files, left } = textsOf(workspace, 10);

  assert.deepEqual(
    files.map(({ path }) => path),
    ["a.txt", "c.txt"],
  );
  assert.deepEqual(left, ["b.txt", "rows.json"]);
  assert.deepEqual(textsOf(workspace).left, ["rows.json"]);
});
