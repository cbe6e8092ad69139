/** What `npm run check` finds without a browser, in copies of the pages with faults. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";

const LEFT_OUT = new Set(["node_modules", "vendor"].map((name) => resolve(name)));
const TSC = ["node_modules/typescript/bin/tsc", "--project", "tsconfig.json"];

/**
 * Runs the commands in a copy with the changes; returns what they printed. Each but the last must
 * succeed, and the last must fail.
 * @param {[path: string, from: string, to: string][]} changes
 * @param {string[][]} commands
 */
async function printed(changes, ...commands) {
  const folder = await mkdtemp(join(tmpdir(), "types-"));
  const frontend = join(folder, "frontend");
  try {
    await cp(".", frontend, { recursive: true, filter: (path) => !LEFT_OUT.has(resolve(path)) });
    await cp("../schema.graphql", join(folder, "schema.graphql"));
    await symlink(resolve("node_modules"), join(frontend, "node_modules"));
    for (const [path, from, to] of changes) {
      const text = await readFile(join(frontend, path), "utf8");
      assert.ok(text.includes(from), `${path} no longer contains ${from}`);
      await writeFile(join(frontend, path), text.replace(from, to));
    }
    const results = commands.map((command) =>
      spawnSync(process.execPath, command, { cwd: frontend, encoding: "utf8", timeout: 180_000 }),
    );
    const texts = results.map(({ stdout, stderr }) => stdout + stderr);
    const failed = results.map(({ status }) => status !== 0);
    assert.deepEqual(failed, [...commands.slice(1).map(() => false), true], texts.join("\n"));
    return texts.at(-1);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test("documents that do not fit the schema are reported with their file and line", async () => {
  const text = await printed(
    [
      ["users/roles.js", "lastSignedInAt version", "lastSignedInAt shoeSize"],
      ["users/users-page.js", "$first: Int!,", "$first: String!, $last: Int,"],
      ["manager.js", "query Me {", "query {"],
    ],
    ["tools/types.mjs"],
  );

  assert.match(text, /Cannot query field "shoeSize" on type "User"/);
  assert.match(text, /users\/roles\.js:\d+:\d+/);
  assert.match(text, /Variable "\$first" of type "String!" used in position expecting type "Int"/);
  assert.match(text, /Variable "\$last" is never used/);
  assert.match(text, /manager\.js:\d+: an operation without a name/);
});

test("types that are out of date are reported with the command that writes them", async () => {
  const change = ["users/roles.js", "lastSignedInAt version", "version"];

  const text = await printed([change], ["tools/types.mjs", "--check"]);

  assert.match(text, /frontend\/types\/documents\.d\.ts is out of date\. Run "make schema"/);
});

test("pages that misuse their documents are reported with their file and line", async () => {
  const text = await printed(
    [
      // A field that is read and not asked for.
      ["users/roles.js", "roles providers createdAt", "roles createdAt"],
      // A variable that the document lacks, one that it requires, and one of another type.
      ["users/user-page.js", "useQuery(USER, { id })", "useQuery(USER, { user: id })"],
      ["auth/revoke-token.js", ", { input: { tokenId: token.id } }", ""],
      ["database_admin/database-page.js", "Number(state.days) || 90", "state.days"],
      // A fragment in the place of another.
      ["telemetry/system-page.js", "  SAMPLE,\n  TIMING,", "  TIMING,\n  SAMPLE,"],
    ],
    ["tools/types.mjs"],
    TSC,
  );

  assert.match(text, /users\/user-row\.js\(\d+,\d+\): .*'providers' does not exist/);
  assert.match(
    text,
    /users\/user-page\.js\(\d+,\d+\): .*'user' does not exist in type 'UserPageVar/,
  );
  assert.match(text, /auth\/revoke-token\.js\(\d+,\d+\): error/);
  assert.match(text, /database-page\.js\(\d+,\d+\): .*'string' is not assignable to type 'number'/);
  assert.match(text, /telemetry\/system-page\.js\(\d+,\d+\): error/);
});

test("components that receive something else than they read are reported", async () => {
  const text = await printed(
    [
      ["backups/backups-page.js", "scheduledTasks { name nextRunAt }", "scheduledTasks { name }"],
      ["manager.js", "<${UserPage} key=${user[1]} id=", "<${UserPage} key=${user[1]} user="],
    ],
    ["tools/types.mjs"],
    ["tools/props.mjs"],
  );

  const line = await lineOf("backups/backups-page.js", "<${Plan} ");
  assert.match(text, new RegExp(`backups/backups-page\\.js\\(${line},\\d+\\): .*`));
  assert.match(text, /Property 'nextRunAt' is missing/);
  assert.match(text, /manager\.js\(\d+,\d+\): .*"user"' does not exist/);
});

test("any is reported where a module states or exports it", async () => {
  const before = "/** @param {{ name: IconName }} props */";
  const stated = "/** @type {(given: any) => unknown} */\nexport const one = (given) => given;";
  const after = `export const kept = history.state;\n${stated}\n${before}`;

  const text = await printed([["lib/icons.js", before, after]], ["tools/any.mjs"]);

  assert.match(text, /lib\/icons\.js:\d+: the comment states `any`/);
  assert.match(text, /lib\/icons\.js: exports `any`: export declare const kept: any/);
});

async function lineOf(path, part) {
  const text = await readFile(path, "utf8");
  return text.slice(0, text.indexOf(part)).split("\n").length;
}
