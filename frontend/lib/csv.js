// @ts-check
/** Rows as comma-separated values (RFC 4180) that a spreadsheet can't be tricked with. */
import { onOneLine } from "./untrusted-text.js";

// A spreadsheet runs a cell that begins so as a formula; blanks before it do not matter, and the
// full-width signs count, too. Some part cells at a semicolon, quoted or not. The server's
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
