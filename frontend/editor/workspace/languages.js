// @ts-check
/** The language of a file, by its ending. */
import { css } from "@codemirror/lang-css";
import { html } from "@codemirror/lang-html";
import { javascript } from "@codemirror/lang-javascript";
import { json } from "@codemirror/lang-json";
import { markdown } from "@codemirror/lang-markdown";
import { endingOf } from "./endings.js";

/** @typedef {import("@codemirror/state").Extension} Extension */

/** @type {Record<string, () => Extension>} */
const BY_ENDING = {
  js: () => javascript(),
  mjs: () => javascript(),
  jsx: () => javascript({ jsx: true }),
  ts: () => javascript({ typescript: true }),
  mts: () => javascript({ typescript: true }),
  tsx: () => javascript({ typescript: true, jsx: true }),
  json: () => json(),
  html: () => html(),
  htm: () => html(),
  svg: () => html(),
  css: () => css(),
  md: () => markdown(),
};

/** Plain text for every other ending. @param {string} path @returns {Extension} */
export const languageOf = (path) => BY_ENDING[endingOf(path)]?.() ?? [];
