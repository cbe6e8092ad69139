import assert from "node:assert/strict";
import { test } from "node:test";
import { merged } from "../editor/log/kept.js";
import { partsOf } from "../editor/log/places.js";
import { curl } from "../editor/run/curl.js";
import { pretty } from "../editor/run/pretty.js";
import { quiet } from "../editor/run/quiet.js";
import {
  formFor,
  formOf,
  parametersOf,
  pathOf,
  problemOf,
  requestOf,
} from "../editor/run/requests.js";

const route = (/** @type {string} */ method, /** @type {string} */ path, kind = "route") => ({
  method,
  path,
  kind,
});
const ROUTES = [
  route("GET", "/hello/:name"),
  route("GET", "/hello/world"),
  route("*", "/files/:kind/*rest"),
  route("SOCKET", "/live", "socket"),
];
const form = (/** @type {object} */ given) => ({ ...formFor(ROUTES[0], "hello"), ...given });

test("a form fills the parameters of its route, and encodes them", () => {
  assert.deepEqual(parametersOf("/files/:kind/*rest"), ["kind", "rest"]);
  assert.equal(pathOf(form({ values: { name: "Zoë / Ada?" } })), "/hello/Zo%C3%AB%20%2F%20Ada%3F");
  const files = {
    route: "/files/:kind/*rest",
    values: { kind: "a", rest: "b c/d" },
    query: "?x=1",
  };
  assert.equal(pathOf(form(files)), "/files/a/b%20c/d?x=1");
  assert.equal(pathOf(form({ route: "", path: " /other?x=1 " })), "/other?x=1");
});

test("a form says what is missing, and which line is no header", () => {
  const values = { name: "Ada" };
  assert.match(problemOf(form({})) ?? "", /Fill in name/);
  assert.match(problemOf(form({ route: "", path: "other" })) ?? "", /begins with \//);
  assert.match(problemOf(form({ values, headers: "A: b\nnonsense" })) ?? "", /nonsense/);
  assert.equal(
    problemOf(form({ values, headers: "A: b\n\n: " })),
    "Headers: write “:” as Name: value.",
  );
  assert.equal(problemOf(form({ values, headers: "A: b\n\nC:" })), null);
});

test("a body that is JSON or the fields of a form says so, unless a header says otherwise", () => {
  const sent = (/** @type {object} */ given) =>
    requestOf(form({ method: "POST", ...given })).headers;
  assert.deepEqual(sent({ body: '{"a": 1}' }), [
    { name: "Content-Type", value: "application/json" },
  ]);
  assert.deepEqual(sent({ body: "{broken" }), []);
  assert.deepEqual(sent({ body: "text=hello&tags[]=a%20b" }), [
    { name: "Content-Type", value: "application/x-www-form-urlencoded" },
  ]);
  assert.deepEqual(sent({ body: "hello" }), []);
  assert.deepEqual(sent({ body: "a = b" }), []);
  const headers = "content-type: text/plain";
  assert.deepEqual(sent({ body: "[]", headers }), [{ name: "content-type", value: "text/plain" }]);
  assert.equal(requestOf(form({ method: "GET", body: "left out" })).body, "");
});

test("a request that was sent becomes the form of the route that answers it", () => {
  const request = (/** @type {string} */ method, /** @type {string} */ path) =>
    formOf(
      { method, path, headers: [{ name: "A", value: "b: c" }], body: "x", asViewer: true },
      ROUTES,
    );
  const greeting = request("GET", "/hello/Zo%C3%AB?x=1?2");
  assert.deepEqual(
    [greeting.route, greeting.values, greeting.query, greeting.headers, greeting.asViewer],
    ["/hello/:name", { name: "Zoë" }, "x=1?2", "A: b: c", true],
  );
  assert.equal(request("GET", "/hello/world").route, "/hello/world");
  assert.equal(request("POST", "/hello/world").route, "");
  assert.deepEqual(request("PUT", "/files/a/b%20c/d").values, { kind: "a", rest: "b c/d" });
  for (const path of ["/hello/%zz", "/files/a/", "/nothing?x=1", "/live"])
    assert.equal(
      pathOf(request("GET", path)).split("?")[0],
      path.replace("%zz", "%25zz").split("?")[0],
    );
});

test("a command for a terminal quotes what a shell would read", () => {
  const request = { method: "POST", path: "/a?b=1&c='é'", headers: [], body: "", asViewer: false };
  const headers = [{ name: "X", value: "$HOME `id`" }];

  assert.equal(
    curl(request, "https://e.example"),
    "curl -X POST \\\n  'https://e.example/a?b=1&c='\\''%C3%A9'\\'''",
  );
  assert.equal(
    curl(
      { ...request, path: "/a%2Fb", headers, body: "@it's\n", asViewer: true },
      "https://e.example",
    ),
    "curl \\\n  https://e.example/a%2Fb \\\n  -H 'X: $HOME `id`' \\\n" +
      '  -H "Authorization: Bearer $AIWEBENGINE_TOKEN" \\\n' +
      "  --data-raw '@it'\\''s\n'",
  );
  assert.match(curl({ ...request, method: "HEAD" }, ""), /^curl --head /);
});

test("places in the script's files are found in a stack, others are text", () => {
  const has = (/** @type {string} */ path) => ["main.ts", "lib/a-b.js"].includes(path);
  const parts = partsOf("at greet (main.ts:4:7)\n at lib/a-b.js:12 other.ts:1:1", has);

  assert.deepEqual(
    parts.filter(({ file }) => file),
    [
      { text: "main.ts:4:7", file: "main.ts", line: 4, column: 7 },
      { text: "lib/a-b.js:12", file: "lib/a-b.js", line: 12, column: 1 },
    ],
  );
  assert.equal(
    parts.map(({ text }) => text).join(""),
    "at greet (main.ts:4:7)\n at lib/a-b.js:12 other.ts:1:1",
  );
  assert.deepEqual(partsOf("", has), [{ text: "" }]);
});

// A search that begins at each character would take hours.
test("a long line is searched for places once", { timeout: 60_000 }, () => {
  for (const text of ["a/".repeat(1_000_000), "a.".repeat(1_000_000), "a.ts:1 ".repeat(100_000)])
    assert.equal(
      partsOf(text, () => false)
        .map((part) => part.text)
        .join(""),
      text,
    );
  assert.equal(partsOf("main.ts:1 ".repeat(10_000), () => true).length, 202);
});

test("lines are kept once, newest first, and so many", () => {
  const line = (/** @type {string} */ id) => /** @type {any} */ ({ id });
  const some = [line("9"), line("10"), line("11")];

  assert.deepEqual(
    merged(some, [line("10"), line("100")], 3).map(({ id }) => id),
    ["100", "11", "10"],
  );
});

test("styles and handlers of a page are renamed before it is parsed, its text is not", () => {
  const page =
    '<style media="x">h1{}</style><p STYLE="a" onclick="b()">style="c" onclick="d"</p><base href=x>';

  assert.equal(
    quiet(page),
    '<script type="text/x-run-sheet" media="x">h1{}</script>' +
      '<p data-run-style="a" data-run-onclick="b()">style="c" onclick="d"</p><meta href=x>',
  );
});

test("JSON gets line breaks, unless it grows out of bounds by them", () => {
  assert.equal(pretty('{"a":["]}\\",[",1]}'), '{\n  "a": [\n    "]}\\",[",\n    1\n  ]\n}');
  assert.equal(pretty("{broken"), "{broken");
  const nested = (/** @type {number} */ depth) => "[".repeat(depth) + "]".repeat(depth);
  assert.equal(pretty(nested(50)), JSON.stringify(JSON.parse(nested(50)), null, 2));
  const large = [
    nested(51),
    nested(200_000),
    `[${"1,".repeat(900_000)}1]`,
    `[${`${nested(49)},`.repeat(20_000)}1]`,
    `"${"\\".repeat(2_000_001)}`,
  ];
  for (const text of large) assert.equal(pretty(text), text);
});
