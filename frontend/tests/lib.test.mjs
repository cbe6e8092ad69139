import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { browserName } from "../lib/browser.js";
import { csv } from "../lib/csv.js";
import { sorted } from "../lib/sorting.js";
import { onOneLine } from "../lib/untrusted-text.js";
import { read, write } from "../lib/url-state.js";

test("a cell can't begin a formula, and quotes are doubled", () => {
  const text = csv([["=1+1", 'a "b"', "c,d", null, "-2", "plain"]]);

  assert.equal(text, `"'=1+1","a ""b""","c,d","","'-2","plain"`);
});

test("no part of a cell begins a formula, whatever stands before it", () => {
  const begun = [..."=+-@|%", "\uff1d", "\uff0b", "\uff0d", "\uff20"];
  const before = ["", " ", "\u00a0", "\u3000", "\u200d", "a;", "a; ", "a;\u00a0;"];
  for (const sign of begun) {
    for (const lead of before) {
      const cell = csv([[`${lead}${sign}1`]]).slice(1, -1);
      for (const part of cell.split(";")) {
        assert.ok(!begun.includes(part.replace(/^[\s\u200d]+/, "")[0]), cell);
      }
    }
  }
  assert.equal(csv([["\t=1\r\n=2", "a=b", "x-y"]]), '"\\t=1\\r\\n=2","a=b","x-y"');
});

test("hidden characters are shown as escapes, and what people are called stays as it is", () => {
  const plain = ["Zoë Müller", "محمد", "می‌خواهم", "👩‍👩‍👧", "李小龍", "a\u00a0b", ""];
  const hidden =
    "\0 \x1b \x7f \x9b \n \u00ad \u061c \u200b \u202e \u2028 \u2066 \ufeff \ud800 \u{e0041}";

  assert.deepEqual(plain.map(onOneLine), plain);
  assert.equal(
    onOneLine(hidden),
    "\\x00 \\x1b \\x7f \\x9b \\n \\xad \\u061c \\u200b \\u202e \\u2028 \\u2066 \\ufeff \\ud800 \\U000e0041",
  );
  assert.equal(onOneLine(null), "");
});

test("the address holds only what differs from the defaults, and gives it back", () => {
  const defaults = { q: "", role: "", size: "50" };
  const state = { q: "a&b =c", role: "EDITOR", size: "50" };

  const search = write(state, defaults);

  assert.ok(!search.includes("size"));
  assert.deepEqual(read(search, defaults), state);
  assert.equal(write(defaults, defaults), "");
});

test("no module of ours contains the name of another host", async () => {
  const files = (await readdir(".", { recursive: true })).filter(
    (name) => /\.(js|css|html|svg)$/.test(name) && !/^(node_modules|vendor|tests|tools)/.test(name),
  );
  const named = [];
  for (const name of files) {
    const text = await readFile(name, "utf8");
    const hosts = text.match(/(https?:)?\/\/[a-z0-9-]+\.[a-z0-9.-]+/gi) ?? [];
    named.push(
      ...hosts.filter((host) => !host.includes("www.w3.org")).map((host) => `${name}: ${host}`),
    );
  }

  assert.ok(files.length > 10);
  assert.deepEqual(named, []);
});

test("a browser has its own name, not those that its user agent also contains", () => {
  const edge =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0";
  const safari =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1";

  assert.equal(browserName(edge), "Edge 140 on Windows");
  assert.equal(browserName(safari), "Safari 18 on iOS");
  assert.equal(browserName("curl/8.5.0"), "curl/8.5.0");
  assert.equal(browserName(null), "Unknown browser");
});

test("sorting rows by a field, ascending or descending, does not change the input", () => {
  const rows = [{ n: 2 }, { n: null }, { n: 10 }];

  assert.deepEqual(
    sorted(rows, "-n").map((row) => row.n),
    [10, 2, null],
  );
  assert.deepEqual(
    sorted([{ n: "b" }, { n: "a" }], "n").map((row) => row.n),
    ["a", "b"],
  );
  assert.equal(rows[0].n, 2);
});

test("each module that renders handles hidden characters and translations", async () => {
  const files = (await readdir(".")).filter((name) => name.endsWith(".js"));
  const rendering = [];
  for (const name of files) {
    const text = await readFile(name, "utf8");
    if (!/import \{[^}]*\brender\b[^}]*\} from "preact"/.test(text)) continue;
    rendering.push(name);
    assert.match(text, /^showHidden\(\);\nownTexts\(\);$/m, name);
  }

  assert.ok(rendering.length >= 2);
});
