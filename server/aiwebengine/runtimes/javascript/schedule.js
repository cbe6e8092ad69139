// Schedules: `env.schedule`, `export const schedules`, and `schedulerService` of the classic form.

import { encode, freeze, isPrototypeOf, parse, stringify, uncurryThis } from "./safe.js";
import { kindOf } from "./values.js";

// Author code can replace the globals.
const { Date, TypeError } = globalThis;
const toTime = uncurryThis(Date.prototype.getTime);

/** `env.schedule`. */
export function moduleEnv(host) {
  const ask = async (operation, args, data = undefined) =>
    (await host.ask(`schedule.${operation}`, args, bytesOf(data))).value;
  return {
    once: (name, at, data = undefined, { retries = null } = {}) =>
      ask("once", [name, timeOf(at), retries], data),
    every: (name, interval, { data = undefined, startAt = null, retries = null } = {}) =>
      ask("every", [name, interval, timeOf(startAt), retries], data),
    cron: (name, expression, { timeZone = "UTC", data = undefined, retries = null } = {}) =>
      ask("cron", [name, expression, timeZone, retries], data),
    cancel: (name) => ask("cancel", [name]),
    list: ({ prefix = "" } = {}) => ask("list", [prefix]),
  };
}

/** `export const schedules = { nightly: "0 2 * * *" }`. */
export const declarations = {
  schedules(value, { add, refuse }) {
    if (value === null || typeof value !== "object") {
      refuse(`schedules is ${kindOf(value)}, not an object`);
    }
    for (const name of Object.keys(value)) {
      let plan;
      try {
        plan = parse(stringify(value[name]) ?? "null");
      } catch {
        refuse(`the schedule ${stringify(name)} is not JSON`, name);
      }
      add({ kind: "schedule", name, plan });
    }
  },
};

/** Calls `scheduled` of the default export. What it returns is not used. */
export const moduleCalls = {
  async scheduled({ handler, head, env, ctx }) {
    const { name, id, attempt, data, time } = head;
    await handler(freeze({ name, id, attempt, data, scheduledTime: new Date(time) }), env, ctx);
  },
};

/** The globals of the classic form. */
export function classic(host, registry) {
  return {
    schedulerService: {
      registerOnce: (options) => register(host, registry, "once", options),
      registerRecurring: (options) => register(host, registry, "recurring", options),
      // In init() also what handlers have set: the host removes both.
      clearAll() {
        if (registry.isOpen) return registry.add("clear", "schedules", {});
        host.askNow("schedule.clear", []);
        return "schedules cleared";
      },
    },
  };
}

/** Calls the handler that was registered. */
export const classicCalls = {
  async scheduled({ handler, head, context }) {
    const { name, id, attempt, time } = head;
    const metadata = { name, id, attempt, scheduledFor: time };
    await handler({ ...context, kind: "scheduled", args: { name }, metadata });
  },
};

/** Registers a schedule: with the version in init(), else at once. */
function register(host, registry, kind, options) {
  if (options === null || typeof options !== "object") {
    throw new TypeError(`a schedule needs an object, not ${kindOf(options)}`);
  }
  const { name, runAt, intervalMilliseconds, intervalMinutes, startAt, handler } = options;
  const entry = { name, runAt, intervalMilliseconds, intervalMinutes, startAt };
  const what = name ?? handler;
  if (registry.isOpen) return registry.add(kind, what, entry, handler);
  const handlerName = registry.nameOf(handler, `${kind} ${what}`);
  host.askNow("schedule.register", [{ kind, ...entry, handler: handlerName }]);
  return `${kind} ${what} registered`;
}

function timeOf(at) {
  return isPrototypeOf(Date.prototype, at) ? toTime(at) : at;
}

function bytesOf(data) {
  const text = stringify(data);
  return text === undefined ? undefined : encode(text);
}
