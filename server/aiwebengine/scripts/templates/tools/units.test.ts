import { convert } from "./units.ts";

test("lengths are converted", () => {
  expect(convert(1, "mi", "km")).toBe(1.609344);
});

test("unknown units are named", () => {
  expect(() => convert(1, "m", "yard")).toThrow("found yard");
});
