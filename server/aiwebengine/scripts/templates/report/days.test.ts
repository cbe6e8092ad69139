import { dayBefore, report } from "./days.ts";

test("the day before begins at midnight in its time zone", () => {
  const late = new Date("2026-03-01T23:30:00Z");
  expect(dayBefore(late, "UTC")).toBe("2026-02-28");
  expect(dayBefore(late, "Europe/Berlin")).toBe("2026-03-01");
});

test("one visit is not visits", () => {
  expect(report("2026-03-01", 1)).toBe("2026-03-01: 1 visit");
});
