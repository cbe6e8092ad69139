import { add, change, list, remove } from "./tasks.ts";

test("a task is added, done and removed", async (env) => {
  const { id } = await add(env, "Water the plants");
  expect(await change(env, id, true)).toEqual({ id, title: "Water the plants", done: true });

  expect(await remove(env, id)).toBe(true);
  expect(await list(env)).toEqual([]);
});

test("a task that is not there is not changed", async (env) => {
  expect(await change(env, "nothing", true)).toBe(null);
});
