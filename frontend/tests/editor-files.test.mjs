/** The store of the editor's workspace. */
import assert from "node:assert/strict";
import test from "node:test";
import { Workspace } from "../editor/workspace/files.js";

const file = (path, text) => ({ path, text, base64: null, size: text.length, digest: "" });

function loaded() {
  const workspace = new Workspace({ slug: "hello" });
  workspace.load(
    3,
    [file("main.ts", "one\n"), file("lib/text.ts", "two\n"), LOGO, LARGE],
    "main.ts",
  );
  const events = [];
  workspace.subscribe((event) => events.push(event));
  return { workspace, events };
}

const LOGO = { path: "logo.png", text: null, base64: "/wA=", size: 2, digest: "" };
const LARGE = { path: "large.bin", text: null, base64: null, size: 5_000_000, digest: "abc" };

/** A text as the code editor has it, which counts how often it is made. */
function document(text) {
  const made = { length: text.length, times: 0, toString: () => ((made.times += 1), text) };
  return made;
}

test("a version is loaded as it is", () => {
  const { workspace } = loaded();

  assert.deepEqual(workspace.paths(), ["large.bin", "lib/text.ts", "logo.png", "main.ts"]);
  assert.equal(workspace.text("main.ts"), "one\n");
  assert.deepEqual([...workspace.bytes("logo.png")], [255, 0]);
  assert.equal(workspace.isBinary("logo.png"), true);
  assert.equal(workspace.isDirty, false);
  assert.deepEqual(workspace.changed(), []);
  assert.equal(workspace.baseTexts.get("lib/text.ts"), "two\n");
});

test("all files are sent, those that are not here by their digest", () => {
  const { workspace } = loaded();
  workspace.rename("large.bin", "data/large.bin");

  assert.deepEqual(workspace.asInput(), [
    { path: "data/large.bin", digest: "abc" },
    { path: "lib/text.ts", text: "two\n" },
    { path: "logo.png", base64: "/wA=" },
    { path: "main.ts", text: "one\n" },
  ]);
});

test("what changed is compared with the base version", () => {
  const { workspace } = loaded();
  workspace.setText("main.ts", "three\n");
  workspace.create("new.ts", "");
  workspace.remove("logo.png");
  workspace.rename("lib/text.ts", "lib/words.ts");

  assert.deepEqual(workspace.changed(), [
    { path: "lib/text.ts", kind: "removed" },
    { path: "lib/words.ts", kind: "added" },
    { path: "logo.png", kind: "removed" },
    { path: "main.ts", kind: "changed" },
    { path: "new.ts", kind: "added" },
  ]);
  assert.equal(workspace.isDirty, true);

  workspace.setText("main.ts", "one\n");
  workspace.remove("new.ts");
  workspace.rename("lib/words.ts", "lib/text.ts");
  assert.deepEqual(workspace.changed(), [{ path: "logo.png", kind: "removed" }]);
});

test("typing makes no text, and is reported at intervals", async () => {
  const { workspace, events } = loaded();
  workspace.open("main.ts");
  events.length = 0;
  const documents = ["one", "one t", "one tw", "one two"].map(document);

  for (const one of documents) workspace.typed("main.ts", one);
  // The first key changes what the tab shows.
  assert.deepEqual(events, ["text"]);
  assert.equal(workspace.document("main.ts"), documents[3]);
  await new Promise((done) => workspace.subscribe((event) => event === "text" && done()));
  assert.deepEqual(events, ["text", "text"]);
  assert.deepEqual(
    documents.map(({ times }) => times),
    [0, 0, 0, 0],
  );

  assert.equal(workspace.text("main.ts") + workspace.text("main.ts"), "one twoone two");
  assert.equal(documents[3].times, 1);
});

test("a file with its first text is not changed, however it was typed", () => {
  const { workspace } = loaded();
  workspace.typed("main.ts", document("two\n"));
  assert.equal(workspace.isChanged("main.ts"), true);
  workspace.typed("main.ts", document("one\n"));
  assert.equal(workspace.isChanged("main.ts"), false);
});

test("what was typed while a version was being saved stays changed", () => {
  const { workspace } = loaded();
  workspace.setText("main.ts", "saved\n");
  const sent = workspace.asInput();
  workspace.setText("lib/text.ts", "later\n");

  workspace.saved(4, sent);

  assert.equal(workspace.baseVersion, 4);
  assert.deepEqual(workspace.changed(), [{ path: "lib/text.ts", kind: "changed" }]);
});

test("a picture that was replaced while a version was being saved stays changed", () => {
  const { workspace } = loaded();
  const put = (path, content) => {
    workspace.remove(path);
    workspace.create(path, content);
  };
  put("logo.png", Uint8Array.of(1, 2));
  const sent = workspace.asInput();
  put("logo.png", Uint8Array.of(3));
  put("large.bin", { digest: "other", size: 7 });

  workspace.saved(4, sent);

  const changed = workspace.changed().map(({ path }) => path);
  assert.deepEqual(changed, ["large.bin", "logo.png"]);
  put("logo.png", Uint8Array.of(1, 2));
  put("large.bin", { digest: "abc", size: 5_000_000 });
  assert.deepEqual(workspace.changed(), []);
});

test("only one save runs, and only for somebody who may save", async () => {
  const { workspace } = loaded();
  const saves = [];
  let finish = () => {};
  const save = () => new Promise((done) => (saves.push("save"), (finish = () => done(4))));
  workspace.use({ save, deploy: () => {}, reload: async () => {} });

  const first = workspace.save();
  assert.equal(await workspace.save(), null);
  finish();
  assert.equal(await first, 4);
  assert.deepEqual(saves, ["save"]);

  workspace.canChange = false;
  assert.equal(await workspace.save(), null);
});

test("paths that the server would refuse are refused, with the reason", () => {
  const { workspace } = loaded();
  const cases = {
    "": /Enter a path/,
    "main.ts": /There is a file main.ts already/,
    "Main.ts": /differs from main.ts only in case/,
    "main.ts/x": /main.ts is a file, so it can't be a folder/,
    lib: /lib is a folder, because lib\/text.ts is in it/,
    "/main.ts": /use a relative path/,
    "a\\b": /use a relative path/,
    "c:a": /use a relative path/,
    "a/../b": /contains ".."/,
    "a//b": /contains ""/,
    [`${"x".repeat(201)}`]: /201 characters; allowed: 1 to 200/,
    [`${"ä".repeat(130)}`]: /names of 1 to 255 bytes/,
    "a\u202eb": /hidden character/,
  };
  for (const [path, problem] of Object.entries(cases))
    assert.throws(() => workspace.create(path, ""), problem, path);
  assert.throws(() => workspace.rename("main.ts", "lib/text.ts"), /already/);
});

test("a folder moves as a whole, or not at all", () => {
  const { workspace } = loaded();
  workspace.create("lib/more.ts", "");
  assert.throws(() =>
    workspace.renameAll([
      ["lib/more.ts", "src/more.ts"],
      ["lib/text.ts", "main.ts"],
    ]),
  );
  assert.equal(workspace.has("lib/more.ts"), true);

  workspace.open("lib/text.ts");
  workspace.renameAll([
    ["lib/more.ts", "lib/old/more.ts"],
    ["lib/text.ts", "lib/old/text.ts"],
  ]);
  assert.equal(workspace.current.path, "lib/old/text.ts");
  assert.deepEqual(workspace.tabs, ["lib/old/text.ts"]);
});

test("the entry follows its file, and is left to the server when it is gone", () => {
  const { workspace } = loaded();
  workspace.rename("main.ts", "app.ts");
  assert.equal(workspace.entry, "app.ts");
  workspace.remove("app.ts");
  assert.equal(workspace.entry, undefined);
});

test("tabs open beside each other, and closing one opens its neighbour", () => {
  const { workspace } = loaded();
  const shown = [];
  workspace.attach({
    selection: () => "chosen",
    focus: () => {},
    reveal: (line, column) => shown.push([line, column]),
  });
  workspace.open("main.ts");
  workspace.open("lib/text.ts", { line: 4, column: 2 });
  workspace.open("no-such-file");

  assert.deepEqual(workspace.tabs, ["main.ts", "lib/text.ts"]);
  assert.deepEqual(workspace.current, { path: "lib/text.ts", line: 4, column: 2 });
  assert.deepEqual(shown, [[4, 2]]);
  assert.equal(workspace.selection(), "chosen");

  workspace.close("lib/text.ts");
  assert.equal(workspace.current.path, "main.ts");
  workspace.remove("main.ts");
  assert.equal(workspace.current, null);
});

test("problems of each source replace those before, and carry its name", () => {
  const { workspace, events } = loaded();
  const problem = { severity: "ERROR", message: "Unexpected token", file: "main.ts", line: 1 };
  workspace.setProblems("syntax", [problem]);
  workspace.setProblems("types", [{ severity: "WARNING", message: "Unused" }]);
  workspace.setProblems("syntax", []);

  assert.deepEqual(workspace.problems, [
    {
      severity: "WARNING",
      message: "Unused",
      file: null,
      line: null,
      column: null,
      source: "types",
    },
  ]);
  assert.deepEqual(events, ["problems", "problems", "problems"]);
});

test("nothing is at risk once a draft has stored it", () => {
  const { workspace } = loaded();
  assert.equal(workspace.isAtRisk, false);
  workspace.setText("main.ts", "two");
  assert.equal(workspace.isAtRisk, true);
  workspace.storedRevision = workspace.revision;
  assert.equal(workspace.isAtRisk, false);
  workspace.typed("main.ts", document("three"));
  assert.equal(workspace.isAtRisk, true);
});
