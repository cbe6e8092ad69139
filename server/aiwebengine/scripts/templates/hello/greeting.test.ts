import { greeting } from "./greeting.ts";

test("a greeting has the name", () => {
  expect(greeting("Ada")).toBe("Hello, Ada!");
});
