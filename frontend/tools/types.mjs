/**
 * Writes the types of the schema and of the pages' documents into types/. With `--check` it writes
 * nothing and fails when a file is stale.
 */
import { readFile, writeFile } from "node:fs/promises";
import { buildSchema } from "graphql";
import { documents } from "./documents.mjs";
import { documentTypes } from "./document-types.mjs";
import { schemaTypes } from "./schema-types.mjs";

const isCheck = process.argv.includes("--check");

try {
  const schema = buildSchema(await readFile("../schema.graphql", "utf8"));
  await handle("types/schema.d.ts", schemaTypes(schema));
  await handle("types/documents.d.ts", documentTypes(schema, await documents(schema)));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

async function handle(path, content) {
  if (!isCheck) return writeFile(path, content);
  const written = await readFile(path, "utf8").catch(() => "");
  if (written !== content)
    throw new Error(`frontend/${path} is out of date. Run "make schema" and commit the result.`);
}
