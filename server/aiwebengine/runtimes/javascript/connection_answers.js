// What a script says about a connection that a visitor wants: a filter, or a Response.

import { isResponse } from "./response.js";
import { isArray, parse, stringify } from "./safe.js";
import { kindOf } from "./values.js";

// Author code can replace the globals.
const { String, TypeError } = globalThis;

const JSON_HEADERS = [["content-type", "application/json"]];
const LONGEST_BODY = 65_536;

/**
 * The answer of a call that decides about a connection: `{filter, headers}` accepts it,
 * `{refusal: {status, headers, body}}` does not.
 *
 * A Response with status 200 accepts it as well: its JSON is the filter, its headers are sent.
 */
export async function connectionAnswer(value) {
  if (isResponse(value)) {
    const body = await value.text();
    const headers = [...value.headers];
    if (value.status === 200) {
      const kept = headers.filter(([name]) => name !== "content-type");
      return { filter: filterOf(body === "" ? null : parse(body)), headers: kept };
    }
    return refused(value.status, headers, body);
  }
  // ResponseBuilder's: no filter has a number there, as all its values are texts.
  if (typeof value?.status === "number" && value.status >= 300) {
    const { status, contentType = "", body = "" } = value;
    return refused(status, contentType === "" ? [] : [["content-type", contentType]], body);
  }
  return { filter: filterOf(value), headers: [] };
}

/** Refuses a connection with a message. */
export function refusalOf(status, message) {
  return refused(status, JSON_HEADERS, stringify({ error: message }));
}

function refused(status, headers, body) {
  if (typeof body !== "string" || body.length > LONGEST_BODY) {
    throw new TypeError(`a connection is refused with a text of up to ${LONGEST_BODY} characters`);
  }
  return { refusal: { status, headers, body } };
}

/** Names and texts. Entries without a value are left out. */
function filterOf(value) {
  if (value === null || value === undefined) return {};
  if (typeof value !== "object" || isArray(value)) {
    throw new TypeError(`answered ${kindOf(value)}: return an object, or a Response`);
  }
  const filter = {};
  for (const name of Object.keys(value)) {
    const entry = value[name];
    if (entry === null || entry === undefined) continue;
    if (typeof entry === "object" || typeof entry === "function") {
      throw new TypeError(`the filter's ${stringify(name)} is ${kindOf(entry)}, not a text`);
    }
    filter[name] = String(entry);
  }
  return filter;
}
