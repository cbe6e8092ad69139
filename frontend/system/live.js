// @ts-check
/** The figures as they come, over lost connections and outages. */
import { useEffect, useState } from "preact/hooks";
import { follow } from "../lib/gql.js";

/** A lost worker shall be seen within ten seconds, and takes six to be missed. */
const EVERY_SECS = 2;
const AGAIN_AFTER_MS = 3_000;

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
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let timer = 0;
    const stop = follow(
      STATS,
      ({ systemStats }) => setState({ stats: systemStats, at: new Date(), error: null }),
      (errors) => {
        const first = Array.isArray(errors) ? errors[0] : null;
        const code = first?.extensions?.code;
        const error = { message: first?.message ?? "No figures come at present.", code };
        setState((before) => ({ ...before, error }));
        // Whose right has ended need not ask again; an outage ends by itself.
        if (code !== "UNAUTHENTICATED" && code !== "FORBIDDEN") {
          timer = setTimeout(() => setAttempt((number) => number + 1), AGAIN_AFTER_MS);
        }
      },
    );
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [attempt]);
  return state;
}
