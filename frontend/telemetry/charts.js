// @ts-check
/** The charts of the system page: one for each metric over time. */
import { html } from "htm/preact";
import { durationOfMs, figure as plain, percent, perSecond, size } from "../lib/format.js";
import { Chart } from "./chart.js";
import { points } from "./lines.js";

/** @typedef {import("./chart.js").Figure} Figure */

/** @type {Figure[]} */
const FIGURES = [
  {
    title: "Requests",
    format: perSecond,
    lines: [
      { name: "requestsPerSecond", label: "Total" },
      { name: "errorsPerSecond", label: "Failed" },
    ],
  },
  {
    title: "Latency",
    format: durationOfMs,
    lines: [
      { name: "p50Ms", label: "p50" },
      { name: "p95Ms", label: "p95" },
      { name: "p99Ms", label: "p99" },
    ],
  },
  {
    title: "CPU",
    format: percent,
    lines: [{ name: "cpuPercent", label: "Of one core" }],
  },
  { title: "Memory", format: size, lines: [{ name: "memoryBytes", label: "All workers" }] },
  {
    title: "Event-loop lag",
    format: durationOfMs,
    lines: [{ name: "loopLagMs", label: "Maximum" }],
  },
  {
    title: "Database connections",
    format: plain,
    lines: [
      { name: "connections", label: "Open, all clients" },
      { name: "poolInUse", label: "In use, engine" },
    ],
  },
  {
    title: "Database size",
    format: size,
    fromZero: false,
    lines: [{ name: "databaseBytes", label: "On disk" }],
    note: (samples) => {
      const line = points(samples, "databaseBytes");
      if (line.length < 2) return "Growth is shown after the second sample.";
      const grown = line[line.length - 1].value - line[0].value;
      return `${grown < 0 ? "" : "+"}${size(grown)} in this period`;
    },
  },
  {
    title: "Workers and subscriptions",
    format: plain,
    lines: [
      { name: "workers", label: "Workers" },
      { name: "subscriptions", label: "Subscriptions" },
    ],
  },
];

/** @param {{ samples: import("./chart.js").SystemSample[], span: import("./chart.js").Span }} props */
export const Charts = ({ samples, span }) =>
  html`<div class="charts">
    ${FIGURES.map(
      (figure) =>
        html`<${Chart} key=${figure.title} figure=${figure} samples=${samples} span=${span} />`,
    )}
  </div>`;
