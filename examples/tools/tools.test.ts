import { tools } from "./main.ts";
import { convert } from "./units.ts";

test("lengths are converted", () => {
  expect(convert(1, "mi", "km")).toBe(1.609344);
  expect(convert(12, "in", "ft")).toBe(1);
});

test("unknown units are named", () => {
  expect(() => convert(1, "m", "yard")).toThrow("found yard");
});

test("the tool answers with the unit", async (env) => {
  const { handler } = tools.convert_length;
  expect(await handler({ value: 1, from: "km", to: "m" }, env, {} as Context)).toEqual({ value: 1000, unit: "m" });
});
