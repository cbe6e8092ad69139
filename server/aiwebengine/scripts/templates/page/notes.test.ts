import { add, newest } from "./notes.ts";
import { escaped } from "./page.tsx";

test("the newest note comes first", async (env) => {
  await add(env, "first");
  await add(env, "second");

  expect((await newest(env)).map((note) => note.text)).toEqual(["second", "first"]);
});

test("a note has 1 to 500 characters", async (env) => {
  expect(await add(env, " ")).toBe(false);
  expect(await add(env, "x".repeat(501))).toBe(false);
});

test("what visitors write is text, not HTML", () => {
  expect(escaped("<b>")).toBe("&lt;b&gt;");
});
