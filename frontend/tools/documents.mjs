/** The GraphQL documents in the modules of the pages, validated against the schema. */
import { readdir, readFile } from "node:fs/promises";
import { Kind, parse, Source, validate } from "graphql";

const NOT_OURS = new Set(["node_modules", "vendor", "tests", "tools", "types", "graphiql"]);
const CALL = /\bgql\(\s*(?:`([^`]*)`|"([^"\\\n]*)")/g;

/** Returns the paths of the modules that a browser loads, sorted. */
export async function modules() {
  const found = await readdir(".", { recursive: true });
  return found
    .filter((path) => path.endsWith(".js") && !NOT_OURS.has(path.split("/")[0]))
    .filter((path) => !/^eslint\..*config\.js$/.test(path) && path !== "theme.js")
    .sort();
}

/**
 * Returns each document with its text and its one definition, in the order of the files.
 * @param {import("graphql").GraphQLSchema} schema
 * @throws {Error} with every fault, its file and its line
 */
export async function documents(schema) {
  const faults = [];
  const found = [];
  for (const path of await modules()) {
    const code = await readFile(path, "utf8");
    for (const match of code.matchAll(CALL)) {
      try {
        found.push(document(path, code, match));
      } catch (error) {
        faults.push(error);
      }
    }
  }
  const definitions = found.map(({ definition }) => definition);
  if (definitions.length > 0)
    faults.push(...validate(schema, { kind: Kind.DOCUMENT, definitions }));
  if (faults.length > 0) throw new Error(faults.map(String).join("\n\n"));
  return found;
}

function document(path, code, match) {
  const text = match[1] ?? match[2];
  const start = match.index + match[0].length - text.length - 1;
  const line = code.slice(0, start).split("\n").length;
  const column = start - code.lastIndexOf("\n", start - 1);
  const where = `${path}:${line}`;
  if (text.includes("${"))
    throw new Error(`${where}: a document can't contain \${}. Use a variable or a fragment.`);
  const { definitions } = parse(new Source(text, path, { line, column }));
  if (definitions.length !== 1)
    throw new Error(`${where}: ${definitions.length} definitions in one document. Write one.`);
  const [definition] = definitions;
  if (!definition.name)
    throw new Error(`${where}: an operation without a name. Its types are named after it.`);
  return { text, definition };
}
