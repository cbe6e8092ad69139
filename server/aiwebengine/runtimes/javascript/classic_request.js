// What a handler of the dialect "classic" gets: `context`, with the request as flat maps.

import { decode, exec, indexOf, slice, uncurryThis } from "./safe.js";
import { requireAuth } from "./user.js";

const NativeResponse = Response;
const NativeFile = File;
const Query = URLSearchParams;
const toBase64 = uncurryThis(Uint8Array.prototype.toBase64);
const FORM = /^application\/x-www-form-urlencoded\b/i;
const MULTIPART = /^multipart\/form-data\b/i;

/** The context of an HTTP call. A promise if its body has to be waited for. */
export function httpContext(call, head, body) {
  const headers = flatHeaders(head.headers);
  const type = headers["content-type"] ?? "";
  const auth = new Auth(head.user);
  const { path, url, method, params } = head;
  const query = queryOf(url);
  const request = {
    path,
    url,
    method,
    headers,
    query,
    params,
    form: {},
    body: "",
    files: [],
    auth,
  };
  const context = contextOf("httpRoute", head.request_id, request);
  if (call.input === null && exec(MULTIPART, type) === null) {
    fill(request, type, body);
    return context;
  }
  return fillLater(call, context, type, body);
}

/** A context of any kind. */
export function contextOf(kind, invocationId, request = null) {
  return { request, args: {}, kind, invocationType: kind, invocationId, metadata: {} };
}

async function fillLater(call, context, type, body) {
  const { request } = context;
  const whole = call.input === null ? body : await call.input.whole();
  if (exec(MULTIPART, type) === null) {
    fill(request, type, whole);
    return context;
  }
  const data = await new NativeResponse(whole, { headers: { "content-type": type } }).formData();
  for (const [field, value] of data) {
    if (value instanceof NativeFile) request.files.push(await fileOf(field, value));
    else request.form[field] = value;
  }
  return context;
}

function fill(request, type, body) {
  request.body = decode(body);
  if (exec(FORM, type) !== null) request.form = flat(new Query(request.body));
}

async function fileOf(field, file) {
  const base64 = toBase64(await file.bytes());
  return { field, filename: file.name, contentType: file.type, size: file.size, base64 };
}

function flatHeaders(pairs) {
  const headers = {};
  for (let at = 0; at < pairs.length; at++) {
    const name = pairs[at][0].toLowerCase();
    headers[name] = name in headers ? `${headers[name]}, ${pairs[at][1]}` : pairs[at][1];
  }
  return headers;
}

function queryOf(url) {
  const at = indexOf(url, "?");
  return at < 0 ? {} : flat(new Query(slice(url, at + 1)));
}

/** Of a name that comes more than once, the last value. */
function flat(parameters) {
  const map = {};
  for (const [name, value] of parameters) map[name] = value;
  return map;
}

/** `request.auth` for this user, or null. */
export const authOf = (user) => new Auth(user ?? null);

class Auth {
  constructor(user) {
    const roles = user?.roles ?? [];
    this.isAuthenticated = user !== null;
    this.isAdmin = roles.includes("ADMINISTRATOR");
    this.isEditor = this.isAdmin || roles.includes("EDITOR");
    this.userId = user?.id ?? null;
    this.userEmail = user?.email ?? null;
    this.userName = user?.name ?? null;
    this.provider = user?.provider ?? null;
    this.user = user;
  }

  requireAuth() {
    return requireAuth(this.user);
  }
}
