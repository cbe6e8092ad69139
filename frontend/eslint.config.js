import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["vendor/", "node_modules/", "types/"] },
  js.configs.recommended,
  {
    languageOptions: { globals: globals.browser },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-restricted-syntax": [
        "error",
        {
          // As in JSX, a space at the end of a line is not one: words would run together.
          selector:
            "TaggedTemplateExpression[tag.name='html'] TemplateElement[value.raw=/[^\\s<>=\"(]\\n\\s*(<(a|b|button|code|em|span|strong|time)\\b|$)/]",
          message: 'Write ${" "} at the end of the line, or begin the line with it.',
        },
      ],
    },
  },
  {
    files: ["tools/**", "tests/**", "eslint*.config.js"],
    languageOptions: { globals: globals.node },
  },
];
