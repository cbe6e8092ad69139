import { dayBefore, dayOf, report } from "./days.ts";
import application from "./main.ts";

test("a day begins at midnight in its time zone", () => {
  const late = new Date("2026-03-01T23:30:00Z");
  expect(dayOf(late, "UTC")).toBe("2026-03-01");
  expect(dayOf(late, "Europe/Berlin")).toBe("2026-03-02");
  expect(dayBefore(late, "Europe/Berlin")).toBe("2026-03-01");
});

test("one visit is not visits", () => {
  expect(report("2026-03-01", 1)).toBe("2026-03-01: 1 visit");
  expect(report("2026-03-01", 2)).toBe("2026-03-01: 2 visits");
});

test("the report is of the day before", async (env) => {
  await env.kv.set("visits:2026-02-28", 3);
  const event = { name: "morning", scheduledTime: new Date("2026-03-01T05:00:00Z") };
  await application.scheduled(event as ScheduledEvent, env);

  expect(await env.kv.get("latest")).toBe("2026-02-28: 3 visits");
});
