// @ts-check
/** The figures that are drawn over time. */
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
      { name: "requestsPerSecond", label: "Answered" },
      { name: "errorsPerSecond", label: "Failed" },
    ],
  },
  {
    title: "Time to answer",
    format: durationOfMs,
    lines: [
      { name: "p50Ms", label: "Half" },
      { name: "p95Ms", label: "95 of 100" },
      { name: "p99Ms", label: "99 of 100" },
    ],
  },
  {
    title: "Processor",
    format: percent,
    lines: [{ name: "cpuPercent", label: "Of one processor" }],
  },
  { title: "Memory", format: size, lines: [{ name: "memoryBytes", label: "All workers" }] },
  {
    title: "Event loop",
    format: durationOfMs,
    lines: [{ name: "loopLagMs", label: "Longest delay" }],
  },
  {
    title: "Connections to the database",
    format: plain,
    lines: [
      { name: "connections", label: "Open, everybody's" },
      { name: "poolInUse", label: "At work, ours" },
    ],
  },
  {
    title: "Size of the database",
    format: size,
    fromZero: false,
    lines: [{ name: "databaseBytes", label: "On disk" }],
    note: (samples) => {
      const line = points(samples, "databaseBytes");
      if (line.length < 2) return "How it grows is told after the second sample.";
      const grown = line[line.length - 1].value - line[0].value;
      return `${grown < 0 ? "" : "+"}${size(grown)} in the time shown`;
    },
  },
  {
    title: "Workers and subscriptions",
    format: plain,
    lines: [
      { name: "workers", label: "Workers up" },
      { name: "subscriptions", label: "Subscriptions open" },
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
