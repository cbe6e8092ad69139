// @ts-check
/** The languages that few files of a script have: one file, loaded once such a file opens. */
import { css } from "@codemirror/lang-css";
import { html } from "@codemirror/lang-html";
import { markdown } from "@codemirror/lang-markdown";

export const MORE = {
  html: () => html(),
  css: () => css(),
  markdown: () => markdown(),
};
