import assert from "node:assert/strict";
import { test } from "node:test";
import { logoutAddress } from "../auth/logout-address.js";

test("a browser is sent to https only, or to this machine, to sign out at the provider", () => {
  const safe = [
    "https://id.example/end?client_id=a",
    "http://localhost:9/end",
    "http://[::1]:9/end",
  ];
  const unsafe = [
    "javascript:alert(1)",
    "JavaScript:alert(1)//https://id.example",
    "data:text/html,x",
    "http://id.example/end",
    "http://localhost.evil.example/end",
    "//evil.example",
    "/engine/admin",
    "",
    null,
    5,
    {},
  ];

  assert.deepEqual(safe.map(logoutAddress), safe);
  assert.deepEqual(
    unsafe.map(logoutAddress),
    unsafe.map(() => null),
  );
});
