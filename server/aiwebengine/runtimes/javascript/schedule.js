// Schedules: `env.schedule`, and `schedulerService` of the classic form.

import { missing } from "./unavailable.js";

/** `env.schedule`. */
export function moduleEnv() {
  return missing("env.schedule", "once every cron cancel list");
}

/** The globals of the classic form. */
export function classic(host, registry) {
  const scheduled = (kind) => (options) =>
    registry.add(kind, options.name ?? "job", { ...options }, options.handler);
  return {
    schedulerService: {
      registerOnce: scheduled("once"),
      registerRecurring: scheduled("recurring"),
      clearAll: () => "cleared",
    },
  };
}

/** Calls `scheduled` of the default export. */
export const moduleCalls = {
  scheduled: ({ handler, head, env, ctx }) => handler(head, env, ctx),
};
