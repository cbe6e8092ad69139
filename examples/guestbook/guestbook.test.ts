import { add, newest } from "./entries.ts";
import { escaped } from "./page.tsx";

test("entries are listed, the newest first", async (env) => {
  await add(env, "Ada", "first");
  await add(env, "Bob", "second");

  expect((await newest(env)).map((entry) => entry.name)).toEqual(["Bob", "Ada"]);
});

test("each test begins with the tables as they are", async (env) => {
  expect(await newest(env)).toEqual([]);
});

test("fields have to be filled in, and short enough", async (env) => {
  expect(await add(env, " ", "text")).toBe(null);
  expect(await add(env, "Ada", "x".repeat(501))).toBe(null);
});

test("what visitors write is text, not HTML", () => {
  expect(escaped('<b title="&">')).toBe("&lt;b title=&quot;&amp;&quot;&gt;");
});
