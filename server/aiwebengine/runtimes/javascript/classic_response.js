// What a handler of the dialect "classic" answers with.

import { isResponse, sendResponse } from "./response.js";
import { isArray, stringify, uncurryThis } from "./safe.js";
import { kindOf } from "./values.js";

// Author code can replace the globals.
const { Number, String, TypeError } = globalThis;

const fromBase64 = Uint8Array.fromBase64.bind(Uint8Array);
const toLowerCase = uncurryThis(String.prototype.toLowerCase);
const JSON_TYPE = "application/json";
const TEXT = "text/plain; charset=UTF-8";
const HTML = "text/html; charset=UTF-8";

const built = (status, contentType, body) => ({ status, contentType, body });

export const ResponseBuilder = {
  json: (data, status = 200) => built(status, JSON_TYPE, stringify(data)),
  text: (text, status = 200) => built(status, TEXT, text),
  html: (text, status = 200) => built(status, HTML, text),
  error: (status, message) => built(status, JSON_TYPE, stringify({ error: message })),
  noContent: () => built(204, "", ""),
  redirect: (location, status = 302) => ({
    ...built(status, "", ""),
    headers: { Location: location },
  }),
};

/** Sends what a handler returned. Throws TypeError for what is no answer. */
export function sendValue(call, value) {
  if (isResponse(value)) return sendResponse(call, value);
  if (typeof value === "string") return call.answer(headOf(200, TEXT), value);
  if (value === null || typeof value !== "object" || !isAnswer(value)) {
    throw new TypeError(
      `answered ${kindOf(value)}: return ResponseBuilder.… or an object with status and body`,
    );
  }
  const { status = 200, body = "", bodyBase64, headers } = value;
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new TypeError(`answered with the status ${status}; use 200 to 599`);
  }
  const isText = typeof body === "string";
  const type = value.contentType ?? (isText ? TEXT : JSON_TYPE);
  const head = headOf(status, type, headers);
  if (bodyBase64 !== undefined) return call.answer(head, fromBase64(bodyBase64));
  return call.answer(head, isText ? body : stringify(body ?? null));
}

function isAnswer(value) {
  return value.status !== undefined || value.body !== undefined || value.bodyBase64 !== undefined;
}

function headOf(status, type, headers) {
  if (headers === undefined || headers === null) {
    const list = type === "" ? "" : `["content-type",${stringify(type)}]`;
    return `{"status":${status},"headers":[${list}]}`;
  }
  const pairs = [];
  let hasType = false;
  for (const name of Object.keys(headers)) {
    hasType ||= toLowerCase(name) === "content-type";
    const values = isArray(headers[name]) ? headers[name] : [headers[name]];
    for (const value of values) pairs.push([name, String(value)]);
  }
  if (!hasType && type !== "") pairs.push(["content-type", String(type)]);
  return stringify({ status, headers: pairs });
}
