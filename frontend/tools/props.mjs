/**
 * Checks the types of what components receive. TypeScript does not look into `html` templates, so
 * this writes a copy of the modules in which each `<${Row} user=${user} />` is the call
 * `Row({ user })`, on the same line, and checks the copy.
 */
import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { modules } from "./documents.mjs";
import { asCalls } from "./html-calls.mjs";

const folder = await mkdtemp(join(tmpdir(), "props-"));
try {
  for (const path of await modules()) {
    await mkdir(join(folder, dirname(path)), { recursive: true });
    await writeFile(join(folder, path), asCalls(await readFile(path, "utf8")));
  }
  for (const path of ["types", "tsconfig.json", "theme.js"])
    await cp(path, join(folder, path), { recursive: true });
  await symlink(resolve("node_modules"), join(folder, "node_modules"));
  const tsc = resolve("node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "--project", "tsconfig.json"], {
    cwd: folder,
    encoding: "utf8",
  });
  process.stdout.write(stdout);
  process.exitCode = status ?? 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
