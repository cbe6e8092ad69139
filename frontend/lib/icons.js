// @ts-check
/** Line icons on a grid of 24. */
import { html } from "htm/preact";

const PATHS = {
  users:
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20c.5-3.5 3-5.5 6.5-5.5s6 2 6.5 5.5M16 4.5a3.5 3.5 0 0 1 0 6M18 15c2 .8 3.2 2.5 3.5 5",
  backup:
    "M4 7c0-2 3.600-3 8-3s8 1 8 3-3.600 3-8 3-8-1-8-3Zm0 0v10c0 2 3.600 3 8 3s8-1 8-3V7M4 12c0 2 3.600 3 8 3s8-1 8-3",
  audit: "M6 3h12v18l-3-2-3 2-3-2-3 2V3Zm3 5h6M9 12h6",
  key: "M14.5 9.5a4 4 0 1 0-3.8 4L13 16h3v3h4v-3.500l-5.600-5.600",
  home: "M4 11 12 4l8 7v9h-5v-6H9v6H4v-9Z",
  code: "m9 7-5 5 5 5m6-10 5 5-5 5",
  graph: "m12 3.500 7.500 4.500v8L12 20.500 4.500 16V8L12 3.500Zm-7 12.500h14L12 4 5 16Z",
  shield: "M12 3 4.500 6v5.500c0 4.500 3 7.800 7.500 9.500 4.500-1.700 7.500-5 7.500-9.500V6L12 3Z",
  pen: "M4 20h4L19 9l-4-4L4 16v4Z",
  search: "M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13Zm5-1.500L20 20",
  moon: "M19.500 14.500A8 8 0 0 1 9.500 4.500a8 8 0 1 0 10 10Z",
  up: "M12 18V7m-5 5 5-5 5 5",
  down: "M12 6v11m-5-5 5 5 5-5",
  close: "M6 6l12 12M18 6 6 18",
  save: "M12 4v11m-4.500-4.500L12 15l4.500-4.500M5 20h14",
  plus: "M12 5v14M5 12h14",
};

/** @param {{ name: keyof typeof PATHS }} props */
export const Icon = ({ name }) =>
  html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
