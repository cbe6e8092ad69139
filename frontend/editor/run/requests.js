// @ts-check
/** Requests to a script, as the form of the panel Run has them. */

/**
 * @typedef {{ method: string, path: string, kind: string }} Route
 * @typedef {{ name: string, value: string }} Header
 * @typedef {{ method: string, path: string, headers: readonly Header[], body: string,
 *   asViewer: boolean }} Request the request that is sent
 * @typedef {{ method: string, route: string, values: Record<string, string>, query: string,
 *   path: string, headers: string, body: string, asViewer: boolean, protocols: string }} Form
 *   method: that of the route; route: the path of a route, whose parameters are `values`; empty:
 *   `path` has everything; protocols: of a WebSocket, between commas
 * @typedef {"answer" | "stream" | "socket"} Kind what a route answers with
 */

export const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/** The method of routes for WebSockets, as the server calls it. */
export const SOCKET = "SOCKET";

const PARAMETER = /^(?:[:*])(\w*)$/;
/** What a rest without a name is called. */
const REST = "*";

/** Whether a run can send a request to it: nobody talks over a socket in one. @param {Route} route */
export const isRunnable = ({ kind }) => kind !== "socket";

/** What the route of a form answers with. @param {Form} form @param {readonly Route[]} routes @returns {Kind} */
export function kindOf({ method, route, path }, routes) {
  if (method === SOCKET) return "socket";
  const found = route
    ? routes.find((one) => one.path === route && one.method === method)
    : matched(method, path.trim().split("?")[0], routes);
  return found?.kind === "stream" ? "stream" : "answer";
}

/** The subprotocols that a form names. @param {Form} form */
export const protocolsOf = ({ protocols }) =>
  protocols
    .split(",")
    .map((one) => one.trim())
    .filter(Boolean);

/** The names of a route's parameters, in order. @param {string} path */
export const parametersOf = (path) =>
  path.split("/").flatMap((part) => {
    const found = PARAMETER.exec(part);
    return found ? [found[1] || REST] : [];
  });

/** Whether the method has a body in this form. @param {string} method */
export const hasBody = (method) => !["GET", "HEAD", SOCKET].includes(method);

/** An empty form for a route; without one for the script's own path. @param {Route | undefined} route @param {string} slug @returns {Form} */
export function formFor(route, slug) {
  const method = route && [...METHODS, SOCKET].includes(route.method) ? route.method : "GET";
  return {
    method,
    route: route?.path ?? "",
    values: {},
    query: "",
    path: `/${slug}`,
    headers: "",
    body: "",
    asViewer: false,
    protocols: "",
  };
}

/**
 * The path that a form names, with its query. Parameters are encoded; a rest keeps its slashes.
 * @param {Form} form
 */
export function pathOf({ route, values, query, path }) {
  if (!route) return path.trim();
  const filled = route.split("/").map((part) => {
    const found = PARAMETER.exec(part);
    if (!found) return part;
    const value = values[found[1] || REST] ?? "";
    if (part.startsWith("*")) return value.split("/").map(encodeURIComponent).join("/");
    return encodeURIComponent(value);
  });
  const asked = query.trim().replace(/^\?/, "");
  return `${filled.join("/")}${asked && `?${asked}`}`;
}

/** What is missing or wrong in a form, by field; null when it can be sent. @param {Form} form */
export function problemOf(form) {
  const missing = parametersOf(form.route).find((name) => name !== REST && !form.values[name]);
  if (missing) return `Fill in ${missing}.`;
  if (!pathOf(form).startsWith("/")) return "The path begins with /.";
  const wrong = form.headers.split("\n").find((line) => line.trim() && !headerOf(line));
  if (wrong) return `Headers: write “${wrong.trim().slice(0, 60)}” as Name: value.`;
  return null;
}

/** The headers of lines such as `Accept: text/css`. @param {string} text @returns {Header[]} */
const headersOf = (text) =>
  text.split("\n").flatMap((line) => {
    const found = headerOf(line);
    return found ? [found] : [];
  });

/** @param {string} line @returns {Header | null} */
function headerOf(line) {
  const at = line.indexOf(":");
  if (at < 1 || !line.slice(0, at).trim()) return null;
  return { name: line.slice(0, at).trim(), value: line.slice(at + 1).trim() };
}

/** The request of a form. A body that reads like JSON or fields says that it is. @param {Form} form @returns {Request} */
export function requestOf(form) {
  const headers = headersOf(form.headers);
  const body = hasBody(form.method) ? form.body : "";
  const isNamed = headers.some(({ name }) => name.toLowerCase() === "content-type");
  const value = isNamed ? null : contentTypeOf(body);
  if (value) headers.push({ name: "Content-Type", value });
  return { method: form.method, path: pathOf(form), headers, body, asViewer: form.asViewer };
}

const FIELDS = /^[\w.%+[\]-]+=[^\s&=]*(&[\w.%+[\]-]+=[^\s&=]*)*$/;

/** @param {string} body */
function contentTypeOf(body) {
  if (isJson(body)) return "application/json";
  return FIELDS.test(body) ? "application/x-www-form-urlencoded" : null;
}

/** Whether a text is an object or a list in JSON. @param {string} text */
function isJson(text) {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * The form of a request that was saved or sent: with a route and its parameters where one fits.
 * @param {Request} request @param {readonly Route[]} routes @returns {Form}
 */
export function formOf({ method, path, headers, body, asViewer }, routes) {
  const [plain, ...asked] = path.split("?");
  const found = matched(method, plain, routes);
  return {
    method,
    route: found?.route ?? "",
    values: found?.values ?? {},
    query: found ? asked.join("?") : "",
    path,
    headers: headers.map(({ name, value }) => `${name}: ${value}`).join("\n"),
    body,
    asViewer,
    protocols: "",
  };
}

/** @param {string} method @param {string} path @param {readonly Route[]} routes */
function matched(method, path, routes) {
  const parts = path.split("/");
  const fitting = routes.filter((one) => [method, "*"].includes(one.method) && isRunnable(one));
  const found = fitting.flatMap(({ path: route, kind }) => {
    const values = valuesOf(route.split("/"), parts);
    return values ? [{ route, kind, values }] : [];
  });
  // As the engine does: what has fewer parameters goes before.
  return found.sort((one, other) => count(one.values) - count(other.values))[0] ?? null;
}

/** @param {Record<string, string>} values */
const count = (values) => Object.keys(values).length;

/**
 * The values of a route's parameters in a path; null when it is another route's.
 * @param {readonly string[]} route @param {readonly string[]} parts
 */
function valuesOf(route, parts) {
  /** @type {Record<string, string>} */
  const values = {};
  for (const [place, wanted] of route.entries()) {
    const name = PARAMETER.exec(wanted)?.[1];
    const here = parts[place];
    if (wanted.startsWith("*") && name !== undefined) {
      values[name || REST] = parts.slice(place).map(decoded).join("/");
      return values;
    }
    if (here === undefined || (name === undefined && here !== wanted)) return null;
    if (name !== undefined) values[name] = decoded(here);
  }
  return route.length === parts.length ? values : null;
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
