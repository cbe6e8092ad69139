// Counts visits, and each morning writes a report of the day before.

import { dayBefore, dayOf, report } from "./days.ts";

const TIME_ZONE = "UTC";

export const schedules: Schedules = {
  morning: { cron: "0 6 * * *", timeZone: TIME_ZONE },
};

export const routes: Routes = {
  "GET /__SLUG__": async (request, env) => {
    const visits = await env.kv.increment(`visits:${dayOf(new Date(), TIME_ZONE)}`);
    return Response.json({ visits, report: await env.kv.get("report") });
  },
};

export default {
  async scheduled(event, env) {
    const day = dayBefore(event.scheduledTime, TIME_ZONE);
    const visits = Number((await env.kv.get(`visits:${day}`)) ?? 0);
    // A run may be repeated: the report of a day replaces itself.
    await env.kv.set("report", report(day, visits));
    console.log("report of", day, visits);
  },
} satisfies Application;
