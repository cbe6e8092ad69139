// @ts-check
/** Live metrics by subscription, which reconnects after lost connections and outages. */
import { useEffect, useState } from "preact/hooks";
import { gql } from "../lib/documents.js";
import { follow } from "../lib/gql.js";
import { INSTANCE } from "./instances.js";
import { SAMPLE } from "./lines.js";
import { SUMMARY } from "./summary.js";

// Every two seconds: a lost worker must be shown within ten seconds, and is noticed after six.
const STATS = gql(
  `subscription LiveStats {
    systemStats(intervalSeconds: 2) {
      ...SummaryFields
      instances { ...InstanceFields }
      latest { ...SystemSampleFields }
    }
  }`,
  SUMMARY,
  INSTANCE,
  SAMPLE,
);

/** @typedef {import("../types/documents").LiveStatsData["systemStats"]} LiveStats */
/** @typedef {import("../lib/refusal.js").Refusal} Refusal */
/**
 * @typedef {{ stats: LiveStats | null, at: Date, error: Refusal | null }} Live
 *   at: when the metrics arrived; error: why the subscription ended
 */

/** @returns {Live} */
export function useStats() {
  const [state, setState] = useState(
    /** @type {Live} */ ({ stats: null, at: new Date(), error: null }),
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
