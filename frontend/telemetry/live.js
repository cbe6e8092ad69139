// @ts-check
/** The figures as they come, over lost connections and outages. */
import { useEffect, useState } from "preact/hooks";
import { follow } from "../lib/gql.js";

/** A lost worker shall be seen within ten seconds, and takes six to be missed. */
const EVERY_SECS = 2;

const STATS = `subscription {
  systemStats(intervalSeconds: ${EVERY_SECS}) {
    at
    requests { count errors p50Ms p95Ms p99Ms }
    database { version sizeBytes connections maxConnections }
    disk { path totalBytes freeBytes }
    instances {
      id host version isUp startedAt lastSeenAt workersConfigured workersUp
      workers {
        pid isUp startedAt requests errors memoryBytes cpuPercent loopLagMs poolInUse poolMaximum
      }
    }
    latest {
      at seconds requests errors requestsPerSecond errorsPerSecond p50Ms p95Ms p99Ms cpuPercent
      loopLagMs workers memoryBytes poolInUse subscriptions connections databaseBytes
    }
  }
}`;

/**
 * @returns {{ stats: import("../types/schema").SystemStats | null, at: Date, error: any }}
 *   at: when the figures came; error: why no more come
 */
export function useStats() {
  const [state, setState] = useState(
    /** @type {{ stats: any, at: Date, error: any }} */ ({
      stats: null,
      at: new Date(),
      error: null,
    }),
  );
  useEffect(
    () =>
      follow(
        STATS,
        ({ systemStats }) => setState({ stats: systemStats, at: new Date(), error: null }),
        ([error]) => {
          const { message, extensions } = error;
          setState((before) => ({ ...before, error: { message, code: extensions?.code } }));
        },
      ),
    [],
  );
  return state;
}
