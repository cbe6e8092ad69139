// @ts-check
/** Rows as comma-separated values (RFC 4180), safe against formula injection. */
import { onOneLine } from "./untrusted-text.js";

// A spreadsheet runs a cell that begins like this as a formula, also after white space and with
// full-width signs. Some split cells at a semicolon, quoted or not. The server's
// `core/spreadsheet.py` has the same rule.
const FORMULA = /(?:(?<=;)|^)(?=[\s\u200c\u200d]*[=+\-@|%\uff1d\uff0b\uff0d\uff20])/g;

/** @param {unknown[][]} rows */
export function csv(rows) {
  return rows.map((row) => row.map(cell).join(",")).join("\r\n");
}

/** @param {unknown} value */
function cell(value) {
  return `"${onOneLine(value).replace(FORMULA, "'").replaceAll('"', '""')}"`;
}
