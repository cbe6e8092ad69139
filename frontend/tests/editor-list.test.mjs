/** Pure parts of the editor's list of scripts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isLeftOut, withoutFolder, withPaths } from "../editor/list/own-paths.js";
import { firstPage } from "../editor/list/script-link.js";
import { freeSlug, slugFrom } from "../editor/list/slugs.js";
import { dropped } from "../editor/workspace/uploads.js";

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

/** @param {string} name @param {number | any[]} content bytes of a file, or the entries of a folder */
function entry(name, content, folder = "") {
  const fullPath = `${folder}/${name}`;
  const isFile = typeof content === "number";
  const inside = isFile ? [] : content.map(([one, more]) => entry(one, more, fullPath));
  return {
    name,
    fullPath,
    isFile,
    file: (/** @type {(file: unknown) => void} */ done) => done({ name, size: content }),
    createReader: () => ({
      readEntries: (/** @type {(some: unknown[]) => void} */ done) => done(inside.splice(0, 2)),
    }),
  };
}

/** @param {...[string, any]} entries */
const drop = (...entries) =>
  /** @type {any} */ ({
    items: entries.map(([name, content]) => ({ webkitGetAsEntry: () => entry(name, content) })),
  });

test("a dropped folder is read whole, without what does not belong to a script", async () => {
  const lib = [
    "lib",
    [
      ["a.ts", 1],
      ["b.ts", 1],
      ["deep", [["c.ts", 1]]],
    ],
  ];
  const files = [["main.ts", 1], ["tsconfig.json", 1], [".git", [["HEAD", 1]]], lib];
  const one = withoutFolder(await dropped(drop(["Shop", files]), isLeftOut));
  assert.equal(one.folder, "Shop");
  assert.deepEqual(
    one.uploads.map(({ path }) => path),
    ["main.ts", "lib/a.ts", "lib/b.ts", "lib/deep/c.ts"],
  );

  const several = withoutFolder(await dropped(drop(["lib", [["a.ts", 1]]], ["main.ts", 1])));
  assert.equal(several.folder, "");
  assert.deepEqual(
    several.uploads.map(({ path }) => path),
    ["lib/a.ts", "main.ts"],
  );
});

test("a drop ends at the most files, folders, bytes and levels of a script", async () => {
  const many = (/** @type {number} */ number, /** @type {any} */ content) =>
    Array.from({ length: number }, (_, index) => [`n${index}`, content]);
  let deep = /** @type {any} */ (1);
  for (let level = 0; level < 120; level += 1) deep = [["d", deep]];

  assert.equal((await dropped(drop(["all", many(1_000, 1)]))).length, 1_000);
  await assert.rejects(dropped(drop(["all", many(1_001, 1)])), /at most 1,000 files/);
  await assert.rejects(dropped(drop(["all", many(2_001, [])])), /at most 1,000 files/);
  await assert.rejects(dropped(drop(["all", many(6, 9_000_000)])), /have 54.0 MB; a script may/);
  await assert.rejects(dropped(drop(["all", deep])), /more than 100 levels/);
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
