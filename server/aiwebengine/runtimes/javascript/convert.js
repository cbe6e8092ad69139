// Conversions: `convert` of the classic form.

import { missing } from "./unavailable.js";

// Author code can replace the globals.
const { atob, btoa } = globalThis;

/** The globals of the classic form. */
export function classic() {
  return {
    convert: {
      btoa: (text) => btoa(text),
      atob: (text) => atob(text),
      ...missing("convert", "markdown_to_html render_handlebars_template"),
    },
  };
}
