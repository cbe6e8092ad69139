"""What a hostile page tries against the person who looks at it.

Each is the body of an async function of `base`, the address of the engine; it returns true if the
attack succeeds, and may throw.
"""

from __future__ import annotations

QUERY = '{"query": "{ viewer { user { email } } }"}'

# Reads of the engine with the session of the visitor.
READS = {
    "fetch": f"""
        const answer = await fetch(base + "/graphql", {{
          method: "POST",
          credentials: "include",
          headers: {{ "content-type": "application/json" }},
          body: '{QUERY}',
        }});
        return (await answer.text()).includes("@");
    """,
    "fetch of a page": """
        const answer = await fetch(base + "/engine/admin", { credentials: "include" });
        return answer.ok && (await answer.text()).includes("<html");
    """,
    "fetch by GET": """
        const query = encodeURIComponent("{ viewer { user { email } } }");
        const answer = await fetch(`${base}/graphql?query=${query}`, { credentials: "include" });
        return (await answer.text()).includes("@");
    """,
    "XMLHttpRequest": f"""
        return new Promise((resolve) => {{
          const request = new XMLHttpRequest();
          request.open("POST", base + "/graphql");
          request.withCredentials = true;
          request.setRequestHeader("content-type", "application/json");
          request.onload = () => resolve(request.responseText.includes("@"));
          request.onerror = () => resolve(false);
          request.send('{QUERY}');
        }});
    """,
    "base href": """
        const element = document.createElement("base");
        element.href = base + "/engine/";
        document.head.append(element);
        const answer = await fetch("admin", { credentials: "include" });
        return answer.ok && (await answer.text()).includes("<html");
    """,
    "WebSocket": """
        return new Promise((resolve) => {
          const socket = new WebSocket(
            base.replace("http", "ws") + "/graphql", "graphql-transport-ws");
          socket.onopen = () => resolve(true);
          socket.onerror = () => resolve(false);
        });
    """,
    "frame": """
        return new Promise((resolve) => {
          const frame = document.createElement("iframe");
          frame.src = base + "/engine/admin";
          frame.onload = () => {
            try {
              const inside = frame.contentWindow.document;
              resolve(inside.location.pathname.startsWith("/engine"));
            } catch { resolve(false); }
          };
          document.body.append(frame);
        });
    """,
}

# What the engine's pages trust, because only they should have it.
OWNERSHIP = {
    "a cookie": """
        document.cookie = "planted=1; path=/";
        return document.cookie.includes("planted");
    """,
    "local storage": 'localStorage.setItem("planted", "1"); return true;',
    "session storage": 'sessionStorage.setItem("planted", "1"); return true;',
    "a cache": """
        const cache = await caches.open("planted");
        await cache.put("/engine/admin", new Response("mine"));
        return true;
    """,
    "a database": """
        return new Promise((resolve) => {
          const request = indexedDB.open("planted");
          request.onsuccess = () => resolve(true);
          request.onerror = () => resolve(false);
        });
    """,
    "a lock": 'return navigator.locks.request("planted", () => true);',
    "files": "await navigator.storage.getDirectory(); return true;",
}

# Programs of the script that would outlive its page, or run for others.
PROGRAMS = {
    "a service worker": """
        await navigator.serviceWorker.register("/attack/code.js", { scope: "/attack/" });
        return true;
    """,
    "a service worker for all": """
        await navigator.serviceWorker.register("/attack/code.js", { scope: "/" });
        return true;
    """,
    "a shared worker": """
        return new Promise((resolve) => {
          const worker = new SharedWorker("/attack/code.js");
          worker.onerror = () => resolve(false);
          setTimeout(() => resolve(true), 1000);
        });
    """,
    "a worker": """
        return new Promise((resolve) => {
          const worker = new Worker("/attack/code.js");
          worker.onmessage = () => resolve(true);
          worker.onerror = () => resolve(false);
        });
    """,
}

SCRIPT = """
const html = (body, headers = {}) => new Response(
  `<!doctype html><title>Mine</title><body>${body}</body>`,
  { headers: { "content-type": "text/html", ...headers } });
const page = () => html("<h1>Hello</h1><script>globalThis.isRunning = true</script>");
export const routes = {
  "GET /attack/page": page,
  "GET /attack/failed": () => new Response("<!doctype html><body>no</body>", {
    status: 404, headers: { "content-type": "text/html" } }),
  "GET /attack/xml": () => new Response(
    '<html xmlns="http://www.w3.org/1999/xhtml"><head/><body/></html>',
    { headers: { "content-type": "application/xhtml+xml" } }),
  "GET /attack/picture": () => new Response(
    '<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
    { headers: { "content-type": "image/svg+xml" } }),
  "GET /attack/weak": () => html("weak", {
    "content-security-policy": "sandbox allow-same-origin allow-scripts allow-top-navigation",
    "x-frame-options": "ALLOWALL", "cross-origin-opener-policy": "unsafe-none" }),
  "GET /attack/preload": () => html("preload", {
    link: '</engine/admin>; rel=preload; as=fetch; crossorigin=use-credentials' }),
  "GET /attack/code.js": () => new Response(
    "globalThis.taken = true; globalThis.postMessage?.(1);",
    { headers: { "content-type": "text/javascript", "service-worker-allowed": "/" } }),
  "GET /attack/style.css": () => new Response("* { color: red }", {
    headers: { "content-type": "text/css" } }),
  "GET /attack/refresh": () => html('<meta http-equiv="refresh" content="0; url=/auth/logout">'),
  "GET /attack/header-refresh": () => html("x", { refresh: "0; url=/auth/logout" }),
  "GET /attack/to": (request) => new Response(null, {
    status: 302, headers: { location: new URL(request.url).searchParams.get("to") } }),
  "GET /attack/clear": () => html("x", { "clear-site-data": '"*"' }),
  "GET /attack/cookie": () => html("x", { "set-cookie": "planted=1; path=/" }),
};
"""

PAGE = "<!doctype html><title>File</title><body></body>"
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg"><title>File</title></svg>'
FILES = """
function init() {
  routeRegistry.registerAssetRoute("/attack/file.html", "page.html");
  routeRegistry.registerAssetRoute("/attack/file.svg", "page.svg");
}
"""
