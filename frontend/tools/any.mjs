/**
 * Checks the modules with TypeScript, and fails on `any` in what crosses a file: in the declarations that TypeScript derives from a module,
 * written there or inferred, and in any type that a comment states.
 */
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parse } from "acorn";
import { modules } from "./documents.mjs";

const STATED = /@(?:type|typedef|param|returns|template)\s*(\{[^@]*\})/g;
// `*`, `Function` and `Object` are other names of it.
const ANY = /\bany\b|[{<,(|:]\s*(?:\*|Function|Object)\s*[}>,)|[]/;

const paths = await modules();
const faults = [...(await stated()), ...(await derived())];
if (faults.length > 0) {
  console.error(`${faults.join("\n")}\nState the type, or "unknown" and check it.`);
  process.exitCode = 1;
}

async function stated() {
  const found = await Promise.all(
    paths.map(async (path) => {
      const comments = [];
      const options = { ecmaVersion: "latest", sourceType: "module", locations: true };
      parse(await readFile(path, "utf8"), { ...options, onComment: comments });
      return comments
        .filter(({ value }) => statesAny(value))
        .map(({ loc }) => `${path}:${loc.start.line}: the comment states \`any\`.`);
    }),
  );
  return found.flat();
}

/** @param {string} comment */
function statesAny(comment) {
  const text = comment.replace(/^\s*\*/gm, "");
  return [...text.matchAll(STATED)].some(([, type]) => ANY.test(type));
}

async function derived() {
  const folder = await mkdtemp(join(tmpdir(), "any-"));
  try {
    const options = ["--noEmit", "false", "--declaration", "--emitDeclarationOnly"];
    const tsc = [resolve("node_modules/typescript/bin/tsc"), "--project", "tsconfig.json"];
    const given = [...tsc, ...options, "--removeComments", "--outDir", folder];
    const { status, stdout } = spawnSync(process.execPath, given, { encoding: "utf8" });
    if (status) return [stdout];
    const found = await Promise.all(
      paths.map(async (path) => {
        const lines = (await readFile(join(folder, path.replace(/js$/, "d.ts")), "utf8")).split(
          "\n",
        );
        return lines
          .filter((line) => /\bany\b/.test(line))
          .map((line) => `${path}: exports \`any\`: ${line.trim()}`);
      }),
    );
    return found.flat();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
