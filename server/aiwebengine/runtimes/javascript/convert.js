// Conversions: `convert` of the classic form.

import { render } from "./handlebars.js";
import { Bytes, encode, parse, uncurryThis } from "./safe.js";

// Author code can replace the globals.
const { String, TextDecoder } = globalThis;
const toBase64 = uncurryThis(Bytes.prototype.toBase64);
const fromBase64 = Bytes.fromBase64.bind(Bytes);
const decodeStrictly = uncurryThis(TextDecoder.prototype.decode);
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The globals of the classic form. */
export function classic(host) {
  return {
    convert: {
      // Of the UTF-8 bytes, unlike the functions of browsers with these names.
      btoa: (text) => toBase64(encode(String(text))),
      atob: (base64) => decodeStrictly(strict, fromBase64(String(base64))),
      markdown_to_html: (markdown) => host.askNow("convert.markdown", [String(markdown)]).value,
      render_handlebars_template: (template, data = {}) =>
        render(String(template), typeof data === "string" ? parse(data) : data),
    },
  };
}
