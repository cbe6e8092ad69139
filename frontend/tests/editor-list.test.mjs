/** Pure parts of the editor's list of scripts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { withPaths } from "../editor/list/own-paths.js";
import { firstPage } from "../editor/list/script-link.js";
import { freeSlug, slugFrom } from "../editor/list/slugs.js";

test("a slug is made of the name of a folder", () => {
  assert.equal(slugFrom("My Órders (2)"), "my-orders-2");
  assert.equal(slugFrom("../__x__"), "x");
  assert.equal(slugFrom("日本"), "");
  assert.match(slugFrom(`${"a".repeat(62)} b`), /^a{62}$/);
});

test("a slug that is taken gets a number", () => {
  assert.equal(freeSlug("hello", []), "hello");
  assert.equal(freeSlug("hello", ["hello", "hello-2"]), "hello-3");
  const long = "a".repeat(63);
  assert.equal(freeSlug(long, [long]), `${"a".repeat(61)}-2`);
});

test("the folder of an upload is no part of the paths, and hidden files are left out", () => {
  const file = (webkitRelativePath) => ({
    name: webkitRelativePath.split("/").pop(),
    webkitRelativePath,
  });
  const chosen = [
    "shop/main.ts",
    "shop/lib/a.ts",
    "shop/.git/config",
    "shop/lib/node_modules/b.js",
    "shop/aiwebengine.d.ts",
    "shop/.aiwebengine.json",
  ].map(file);

  assert.deepEqual(
    withPaths([...chosen, { name: "logo.png", webkitRelativePath: "" }]).map(({ path }) => path),
    ["main.ts", "lib/a.ts", "logo.png"],
  );
});

test("a link leads to the shortest page without parameters", () => {
  const routes = [
    { method: "POST", path: "/a" },
    { method: "GET", path: "/b/:id" },
    { method: "GET", path: "/b/list" },
    { method: "ANY", path: "/b" },
  ];
  assert.equal(firstPage(routes), "/b");
  assert.equal(firstPage(routes.slice(0, 2)), undefined);
});
