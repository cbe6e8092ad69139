// For server/aiwebengine/runtimes/javascript: `npm run lint`.

import js from "@eslint/js";
import globals from "globals";

import pages from "./eslint.config.js";

const { rules } = pages.find((config) => config.rules?.eqeqeq);

export default [
  js.configs.recommended,
  {
    languageOptions: {
      ecmaVersion: "latest",
      globals: { ...globals.browser, Deno: "readonly" },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: { ...rules, "no-restricted-syntax": "off" },
  },
];
