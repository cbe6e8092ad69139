// @ts-check
/** The language of a file, by its ending. */
import { javascript } from "@codemirror/lang-javascript";
import { json } from "@codemirror/lang-json";
import { Part } from "../later.js";
import { endingOf } from "./endings.js";
import { languageLoadedLater } from "./later-language.js";

/** @typedef {import("@codemirror/state").Extension} Extension */

const MORE = new Part(async () => (await import("./more-languages.js")).MORE);

/** @type {Record<string, () => Extension>} */
const BY_ENDING = {
  js: () => javascript(),
  mjs: () => javascript(),
  jsx: () => javascript({ jsx: true }),
  ts: () => javascript({ typescript: true }),
  mts: () => javascript({ typescript: true }),
  tsx: () => javascript({ typescript: true, jsx: true }),
  json: () => json(),
  html: () => more("html"),
  htm: () => more("html"),
  svg: () => more("html"),
  css: () => more("css"),
  md: () => more("markdown"),
};

/** Plain text for every other ending. @param {string} path @returns {Extension} */
export const languageOf = (path) => BY_ENDING[endingOf(path)]?.() ?? [];

/** @param {keyof typeof import("./more-languages.js").MORE} name @returns {Extension} */
const more = (name) =>
  MORE.now ? MORE.now[name]() : languageLoadedLater(async () => (await MORE.get())[name]());
