// What a script may use beside the web standards (Request, Response, URL, crypto, streams …).
// Storage, secrets, schedules and outgoing requests are not available yet.

/** The third argument of a handler. */
interface Context {
  /** The parts of the path that parameters such as `:name` and `*rest` stand for, decoded. */
  readonly params: Record<string, string>;
  /** Who sends the request; null for visitors who are not signed in. */
  readonly user: User | null;
  /** ID of the request, as in the log and in the header `X-Request-Id` of the answer. */
  readonly requestId: string;
  /** Lets work go on after the answer. A rejected promise is logged. */
  waitUntil(promise: Promise<unknown>): void;
}

/** A signed-in visitor. */
interface User {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
}

/** What the engine provides to a script. Empty for now. */
interface Env {}

/** Answers requests. `request.signal` is aborted when nobody waits for the answer any more. */
type Handler = (request: Request, env: Env, ctx: Context) => Response | Promise<Response>;

/**
 * Handlers by method and path, as `export const routes`: `"GET /hello/:name"`, `"POST /forms"`,
 * `"ANY /files/*rest"`. A key without a method takes all methods. GET answers HEAD too.
 */
type Routes = Record<string, Handler>;

/** The default export. `fetch` serves what is below `/` and the script's slug. */
interface Application {
  fetch?: Handler;
}

/** JSX as HTML text: `<p>Hello</p>` is a string. Text between tags is not escaped. */
declare function h(
  tag: string | ((properties: any) => string),
  properties: Record<string, unknown> | null,
  ...children: unknown[]
): string;
declare function Fragment(properties: { children?: unknown }): string;
declare namespace JSX {
  type Element = string;
  interface IntrinsicElements {
    [tag: string]: any;
  }
}

// The classic form: `init()` registers handlers, which are called with a context.

/** What a handler of the classic form gets. */
interface ClassicContext {
  readonly request: ClassicRequest;
  readonly args: Record<string, unknown>;
  readonly kind: string;
  readonly invocationType: string;
  readonly invocationId: string;
  readonly metadata: Record<string, unknown>;
}

interface ClassicRequest {
  readonly path: string;
  readonly url: string;
  readonly method: string;
  /** By name in lower case. */
  readonly headers: Record<string, string>;
  readonly query: Record<string, string>;
  readonly params: Record<string, string>;
  readonly form: Record<string, string>;
  readonly body: string;
  readonly files: readonly ClassicFile[];
  readonly auth: ClassicAuth;
}

interface ClassicFile {
  readonly field: string;
  readonly filename: string;
  readonly contentType: string;
  /** Bytes. */
  readonly size: number;
  readonly base64: string;
}

interface ClassicAuth {
  readonly isAuthenticated: boolean;
  readonly isAdmin: boolean;
  readonly isEditor: boolean;
  readonly userId: string | null;
  readonly userEmail: string | null;
  readonly userName: string | null;
  readonly provider: string | null;
  readonly user: User | null;
  /** The user. Answers 401 for visitors who are not signed in. */
  requireAuth(): User;
}

interface ClassicResponse {
  status?: number;
  body?: unknown;
  bodyBase64?: string;
  contentType?: string;
  headers?: Record<string, string | string[]>;
}

type ClassicAnswer = ClassicResponse | Response | string;
type ClassicHandler = (context: ClassicContext) => ClassicAnswer | Promise<ClassicAnswer>;

declare const routeRegistry: {
  /** *handler* is a function, or the name of one in the entry file. */
  registerRoute(
    path: string,
    handler: string | ClassicHandler,
    method?: string,
    meta?: Record<string, unknown>,
  ): unknown;
  /** Serves a file of the script. */
  registerAssetRoute(path: string, asset: string, meta?: Record<string, unknown>): unknown;
};

declare const ResponseBuilder: {
  json(data: unknown, status?: number): ClassicResponse;
  text(text: string, status?: number): ClassicResponse;
  html(text: string, status?: number): ClassicResponse;
  error(status: number, message: string): ClassicResponse;
  noContent(): ClassicResponse;
  redirect(location: string, status?: number): ClassicResponse;
};
