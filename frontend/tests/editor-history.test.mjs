// Merging, drafts and diffs of the editor, without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { countsOf, linesOf } from "../editor/history/diff-lines.js";
import { DraftKeeper } from "../editor/history/draft-keeper.js";
import { isLarge } from "../editor/history/request-size.js";
import {
  chosen,
  isClash,
  joined,
  mergeTexts,
  mergeTrees,
  MOST_COMPARED_LINES,
  placesOf,
} from "../editor/history/merging.js";
import { changeOf, migrationsOf, routeNames } from "../editor/history/offered.js";
import { loadWith, putFiles, treeHere, treeOf } from "../editor/history/trees.js";
import { Workspace } from "../editor/workspace/files.js";

const BASE = "one\ntwo\nthree\nfour\nfive\n";

test("changes in different lines of both are merged", () => {
  const pieces = mergeTexts(BASE.replace("one", "ONE"), BASE, BASE.replace("five", "FIVE"));

  assert.deepEqual(pieces, [{ text: "ONE\ntwo\nthree\nfour\nFIVE\n" }]);
});

test("a line that both have changed is a clash, with what surrounds it agreed", () => {
  const mine = BASE.replace("three", "mine");
  const theirs = BASE.replace("three", "theirs").replace("one", "ONE");

  const pieces = mergeTexts(mine, BASE, theirs);

  assert.deepEqual(pieces, [
    { text: "ONE\ntwo\n" },
    { mine: "mine\n", base: "three\n", theirs: "theirs\n" },
    { text: "four\nfive\n" },
  ]);
  const [place] = placesOf(pieces);
  assert.equal(joined(pieces).slice(place.from, place.to), "mine\n");
  assert.equal(chosen(place.clash, "theirs"), "theirs\n");
  assert.equal(chosen(place.clash, "both"), "mine\ntheirs\n");
});

test("the same change of both is no clash, and names of Object are lines as others", () => {
  assert.deepEqual(mergeTexts("__proto__\nx\n", "a\nx\n", "__proto__\nx\n"), [
    { text: "__proto__\nx\n" },
  ]);
  assert.equal(mergeTexts("constructor\nb", "a\nb", "a\nc").filter(isClash).length, 1);
});

test("a last line without a break stays whole when both are taken", () => {
  const [clash] = mergeTexts("mine", "base", "theirs");

  assert.ok(isClash(clash));
  assert.equal(chosen(clash, "both"), "mine\ntheirs");
});

test("texts that differ in very many lines are one clash, and nothing of them is lost", () => {
  const many = (name) =>
    `${Array.from({ length: MOST_COMPARED_LINES + 1 }, (_, n) => name + n).join("\n")}\n`;

  const pieces = mergeTexts(`a\n${many("mine")}`, "a\n", `a\n${many("theirs")}`);

  assert.equal(pieces.length, 2);
  assert.equal(joined(pieces), `a\n${many("mine")}`);
});

test("trees are merged file by file", () => {
  const text = (value) => ({ text: value });
  const base = new Map([
    ["both.ts", text(BASE)],
    ["gone.ts", text("x")],
    ["mine.ts", text("1")],
    ["picture.png", { base64: "AAA=" }],
    ["removed-by-me.ts", text("x")],
    ["same.ts", text("x")],
    ["theirs.ts", text("1")],
  ]);
  const mine = new Map([
    ["both.ts", text(BASE.replace("one", "ONE"))],
    ["gone.ts", text("changed")],
    ["mine.ts", text("2")],
    ["new.ts", text("new")],
    ["picture.png", { base64: "BBB=" }],
    ["same.ts", text("x")],
    ["theirs.ts", text("1")],
  ]);
  const theirs = new Map([
    ["both.ts", text(BASE.replace("five", "FIVE"))],
    ["mine.ts", text("1")],
    ["picture.png", { base64: "CCC=" }],
    ["removed-by-me.ts", text("x")],
    ["same.ts", text("x")],
    ["theirs.ts", text("2")],
  ]);

  const merged = new Map(mergeTrees(base, mine, theirs).map((file) => [file.path, file]));

  assert.deepEqual(
    [...merged].map(([path, { kind, by }]) => [path, kind, by]),
    [
      ["both.ts", "settled", "both"],
      ["gone.ts", "whole", undefined],
      ["mine.ts", "settled", "mine"],
      ["new.ts", "settled", "mine"],
      ["picture.png", "whole", undefined],
      ["removed-by-me.ts", "settled", "mine"],
      ["theirs.ts", "settled", "theirs"],
    ],
  );
  assert.equal(merged.get("both.ts").content.text, "ONE\ntwo\nthree\nfour\nFIVE\n");
  assert.equal(merged.get("removed-by-me.ts").content, null);
});

test("a version is loaded with changes on top, which a file in the place of a folder may be", () => {
  const workspace = new Workspace({ slug: "x" });
  const given = (path, text) => ({ path, text, base64: null });
  const version = { number: 3, files: [given("a/b.ts", "1"), given("main.ts", "1")] };

  const problems = loadWith(workspace, version, [
    ["a", { text: "now a file" }],
    ["a/b.ts", null],
    ["main.ts", { text: "2" }],
    ["../x", { text: "" }],
  ]);

  assert.deepEqual(workspace.changed(), [
    { path: "a", kind: "added" },
    { path: "a/b.ts", kind: "removed" },
    { path: "main.ts", kind: "changed" },
  ]);
  assert.equal(problems.length, 1);
  assert.deepEqual(treeOf(workspace.asInput()).get("main.ts"), { text: "2" });
});

const LARGE = { path: "large.bin", text: null, base64: null, size: 5e6, digest: "abc" };

test("a file that is too large for the page keeps its new path in a merge", () => {
  const workspace = new Workspace({ slug: "x" });
  const given = (path, text) => ({ path, text, base64: null });
  workspace.load(1, [LARGE, given("main.ts", "1")]);
  workspace.rename("large.bin", "data/large.bin");
  const theirs = [LARGE, given("main.ts", "2")];

  const base = treeOf([LARGE, given("main.ts", "1")]);
  const files = mergeTrees(base, treeHere(workspace), treeOf(theirs));
  const changes = files.map(({ path, content }) => [path, content]);
  const problems = loadWith(workspace, { number: 2, files: theirs }, changes);

  assert.deepEqual(problems, []);
  assert.deepEqual(workspace.asInput(), [
    { path: "data/large.bin", digest: "abc" },
    { path: "main.ts", text: "2" },
  ]);
  assert.equal(workspace.sizeOf("data/large.bin"), 5e6);
  assert.equal(workspace.digest("data/large.bin"), "abc");
});

test("what an older version had comes back, whatever is at its paths now", () => {
  const workspace = new Workspace({ slug: "x" });
  const logo = { path: "logo.png", text: null, base64: "/wA=" };
  const old = [LARGE, logo, { path: "main.ts", text: "1", base64: null }];
  const other = { ...LARGE, digest: "def" };
  workspace.load(2, [other, { ...logo, base64: "AAA=" }, { ...LARGE, path: "main.ts" }]);

  assert.deepEqual(putFiles(workspace, treeOf(old)), []);
  assert.deepEqual(treeHere(workspace), treeOf(old));
  assert.deepEqual(
    workspace.changed().map(({ path }) => path),
    ["large.bin", "logo.png", "main.ts"],
  );

  // What is the same stays the same object: nothing has to be sent again.
  const { revision } = workspace;
  putFiles(workspace, treeOf(old));
  assert.equal(workspace.revision, revision);
  putFiles(workspace, treeOf([other, { ...logo, base64: "AAA=" }]));
  assert.deepEqual(workspace.changed(), [{ path: "main.ts", kind: "changed" }]);
});

/** A server that notes what it is sent, and a keeper of a workspace with one file. */
function kept() {
  const workspace = new Workspace({ slug: "x" });
  workspace.load(1, [{ path: "main.ts", text: "1", base64: null }]);
  const calls = [];
  const server = {
    fails: null,
    save: async (change) => {
      if (server.fails) throw server.fails;
      calls.push(change);
      return change.revision + 1;
    },
    discard: async (revision) => {
      if (server.fails) throw server.fails;
      calls.push("discard");
      server.discarded = revision;
    },
    saveAtOnce: (change) => calls.push({ atOnce: change }),
    discardAtOnce: () => calls.push("discard at once"),
  };
  const states = [];
  const keeper = new DraftKeeper(workspace, server, ({ kind }) => states.push(kind));
  keeper.start();
  return { workspace, calls, server, keeper, states };
}

test("a draft is sent file by file, and only what has changed since", async () => {
  const { workspace, calls, keeper } = kept();
  workspace.setText("main.ts", "2");
  workspace.create("new.ts", "n");
  await keeper.keep();
  workspace.setText("new.ts", "m");
  workspace.setText("main.ts", "1");
  await keeper.keep();
  await keeper.keep();
  workspace.remove("main.ts");
  await keeper.keep();
  keeper.stop();

  assert.deepEqual(
    calls.map(({ files, unchanged, revision }) => [files, unchanged, revision]),
    [
      [
        [
          { path: "main.ts", text: "2" },
          { path: "new.ts", text: "n" },
        ],
        [],
        0,
      ],
      [[{ path: "new.ts", text: "m" }], ["main.ts"], 1],
      [[{ path: "main.ts", removed: true }], [], 2],
    ],
  );
});

test("a file that is too large for the page makes no draft that would remove it", async () => {
  const { workspace, calls, keeper, states } = kept();
  const large = { path: "large.bin", text: null, base64: null, size: 2e6, digest: "d" };
  workspace.load(2, [large]);
  workspace.rename("large.bin", "moved.bin");
  await keeper.keep();
  keeper.stop();

  assert.deepEqual([calls, states], [[], ["failed"]]);
});

test("what was saved as a version is no draft any more", async () => {
  const { workspace, calls, keeper } = kept();
  workspace.setText("main.ts", "2");
  await keeper.keep();
  workspace.saved(2);
  await keeper.keep();
  workspace.setText("main.ts", "3");
  await keeper.keep();
  keeper.stop();

  assert.equal(calls[1], "discard");
  assert.deepEqual([calls[2].baseVersion, calls[2].revision], [2, 0]);
});

test("a draft of another window is replaced only when somebody says so", async () => {
  const { workspace, calls, server, keeper, states } = kept();
  server.fails = Object.assign(new Error("changed"), { code: "CONFLICT" });
  workspace.setText("main.ts", "2");
  await keeper.keep();
  server.fails = null;
  workspace.setText("main.ts", "3");
  await keeper.keep();
  assert.deepEqual([states, calls], [["elsewhere"], []]);

  await keeper.takeOver();
  keeper.stop();

  assert.deepEqual(calls[0], "discard");
  assert.deepEqual(calls[1].files, [{ path: "main.ts", text: "3" }]);
  assert.deepEqual(states, ["elsewhere", "kept"]);
});

test("a failure is said, and what is not kept is sent when the page is closed", async () => {
  const { workspace, calls, server, keeper, states } = kept();
  server.fails = Object.assign(new Error("down"), { code: "UNAVAILABLE" });
  workspace.setText("main.ts", "2");
  await keeper.keep();
  assert.deepEqual(states, ["failed"]);

  keeper.leave();
  keeper.stop();

  assert.deepEqual(calls[0].atOnce.files, [{ path: "main.ts", text: "2" }]);
});

test("a draft that was saved as a version is discarded when the page is closed at once", async () => {
  const { workspace, calls, keeper } = kept();
  workspace.setText("main.ts", "2");
  await keeper.keep();
  workspace.saved(2);
  keeper.leave();
  keeper.stop();

  assert.ok(calls.includes("discard at once"));
});

test("a draft is discarded only as this window knows it", async () => {
  const { workspace, calls, server, keeper, states } = kept();
  workspace.setText("main.ts", "2");
  await keeper.keep();
  workspace.setText("main.ts", "1");
  server.fails = Object.assign(new Error("changed"), { code: "CONFLICT" });
  await keeper.keep();
  assert.deepEqual([states, calls.length], [["elsewhere"], 1]);

  server.fails = null;
  workspace.saved(2);
  await keeper.takeOver();
  assert.equal(server.discarded, undefined);
  workspace.setText("main.ts", "3");
  await keeper.keep();
  workspace.saved(3);
  await keeper.keep();
  keeper.stop();

  assert.equal(server.discarded, 1);
});

test("a draft that can't be discarded is kept on, and one that was is not begun again", async () => {
  const { workspace, calls, server, keeper } = kept();
  workspace.setText("main.ts", "2");
  await keeper.keep();
  const down = Object.assign(new Error("down"), { code: "UNAVAILABLE" });
  server.fails = down;
  await assert.rejects(keeper.discard(), down);
  server.fails = null;
  workspace.setText("main.ts", "3");
  await keeper.keep();
  assert.deepEqual(calls.at(-1).files, [{ path: "main.ts", text: "3" }]);

  workspace.setText("main.ts", "4");
  const discarded = keeper.discard();
  await keeper.keep();
  await discarded;

  assert.deepEqual(calls.slice(2), ["discard"]);
});

test("a draft of another window that can't be replaced leaves the choice open", async () => {
  const { workspace, server, keeper, states } = kept();
  server.fails = Object.assign(new Error("changed"), { code: "CONFLICT" });
  workspace.setText("main.ts", "2");
  await keeper.keep();
  server.fails = Object.assign(new Error("down"), { code: "UNAVAILABLE" });

  await assert.rejects(keeper.takeOver(), server.fails);
  keeper.stop();

  assert.deepEqual(states, ["elsewhere"]);
});

test("a workspace that is left keeps its draft before the keeper stops", async () => {
  const { workspace, calls, keeper } = kept();
  workspace.setText("main.ts", "x".repeat(100_000));

  await keeper.close();
  workspace.setText("main.ts", "3");
  await keeper.keep();

  assert.deepEqual(
    calls.map(({ files }) => files[0].text.length),
    [100_000],
  );
});

test("a unified diff is read into numbered lines", () => {
  const lines = linesOf(
    "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n+--- x\n three\n\\ No newline at end of file\n",
  );

  assert.deepEqual(
    lines.map(({ kind, text, before, after }) => [kind, text, before, after]).slice(1),
    [
      ["same", "one", 1, 1],
      ["removed", "two", 2, null],
      ["added", "TWO", null, 2],
      ["added", "--- x", null, 3],
      ["same", "three", 3, 4],
      ["note", " No newline at end of file", null, null],
    ],
  );
  assert.deepEqual(countsOf(lines), { added: 2, removed: 1 });
});

test("a deployment says which routes and migrations come and go", () => {
  const before = routeNames([
    { method: "GET", path: "/a" },
    { method: "*", path: "/b" },
  ]);
  const after = routeNames([
    { method: "GET", path: "/a" },
    { method: "POST", path: "/c" },
  ]);

  assert.deepEqual(changeOf(before, after), { added: ["POST /c"], removed: ["ANY /b"], kept: 1 });
  assert.deepEqual(
    migrationsOf([
      { path: "migrations/2-notes.sql", kind: "ADDED" },
      { path: "migrations/2-notes.rollback.sql", kind: "ADDED" },
      { path: "migrations/1-old.sql", kind: "REMOVED" },
      { path: "main.ts", kind: "CHANGED" },
    ]),
    { run: ["2-notes"], undone: ["1-old"] },
  );
});

test("files that are too large for one request are known before it is sent", () => {
  assert.equal(isLarge([{ path: "a", text: "x".repeat(100_000) }]), false);
  assert.equal(isLarge([{ path: "a", text: "x".repeat(1_000_000) }]), true);
  assert.equal(isLarge([{ path: "a", base64: "x".repeat(800_000) }]), false);
  // In bytes, as they are sent.
  assert.equal(isLarge([{ path: "a", text: "ä".repeat(400_000) }]), false);
  assert.equal(isLarge([{ path: "a", text: "漢".repeat(400_000) }]), true);
  assert.equal(isLarge([{ path: "a", text: "\n".repeat(600_000) }]), true);
});
