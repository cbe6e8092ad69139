// Conversions: `convert` of the classic form.

import { render } from "./handlebars.js";
import { parse } from "./safe.js";

// Author code can replace the globals.
const { String, atob, btoa } = globalThis;

/** The globals of the classic form. */
export function classic(host) {
  return {
    convert: {
      btoa: (text) => btoa(text),
      atob: (text) => atob(text),
      markdown_to_html: (markdown) => host.askNow("convert.markdown", [String(markdown)]).value,
      render_handlebars_template: (template, data = {}) =>
        render(String(template), typeof data === "string" ? parse(data) : data),
    },
  };
}
