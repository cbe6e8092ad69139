// `database.generateGraphQLForTable`: fields that read and change the rows of a table.

import { decode, exec, indexOf, isArray, parse, slice, stringify, toUpperCase } from "./safe.js";

// Author code can replace the globals.
const { Error, String, TypeError } = globalThis;

const NAME = /^(?!__)[A-Za-z_]\w{0,79}$/;
const TYPES = {
  smallint: "Int",
  integer: "Int",
  real: "Float",
  "double precision": "Float",
  boolean: "Boolean",
  text: "String",
  "character varying": "String",
  uuid: "String",
  bigint: "String",
  numeric: "String",
  date: "String",
  "timestamp with time zone": "String",
  "timestamp without time zone": "String",
};
const LIST_LENGTH = 100;

/** Registers the fields and returns JSON, also for an error, as all of `database` does. */
export function generate(host, registry, table, options) {
  try {
    const { visibility = "engine", name = table } = optionsOf(options);
    const { columns } = host.askNow("database.generateGraphQLForTable", [table]).value;
    const fields = fieldsOf(host, table, String(name), columns);
    for (const { kind, name: field, sdl, resolve } of fields) {
      const said = registry.add(kind, field, { name: field, sdl, visibility }, resolve);
      if (indexOf(said, "not registered") >= 0) throw new Error(said);
    }
    return stringify({ success: true, table, operations: fields.map((field) => field.name) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return stringify({ success: false, error: message, code: error?.code });
  }
}

function optionsOf(options) {
  const given = typeof options === "string" && options !== "" ? parse(options) : options;
  if (given === undefined || given === null || given === "") return {};
  if (typeof given !== "object" || isArray(given)) throw new TypeError("options must be an object");
  return given;
}

function fieldsOf(host, table, name, columns) {
  if (exec(NAME, name) === null) throw new TypeError(`${stringify(name)} is no name in GraphQL`);
  const known = columns.filter((one) => TYPES[one.type] && exec(NAME, one.name) !== null);
  if (known.length === 0) throw new TypeError(`the table ${table} has no columns for GraphQL`);
  const type = toUpperCase(slice(name, 0, 1)) + slice(name, 1);
  const row = typeOf(`type ${type}`, known, (one) => !one.isNullable);
  const filter = typeOf(`input ${type}Filter`, known, () => false);
  const input = typeOf(`input ${type}Input`, known, (one) => !one.isNullable && !one.hasDefault);
  const changes = typeOf(`input ${type}Changes`, known, () => false);
  const ask = (operation, ...given) => host.askNow(`database.${operation}`, [table, ...given]);
  const rows = (...given) => parse(decode(ask("query", ...given).body));
  const fields = [
    {
      kind: "query",
      name,
      sdl: `${name}(where: ${type}Filter, limit: Int = ${LIST_LENGTH}, orderBy: String, direction: String): [${type}!]! ${row} ${filter}`,
      resolve: ({ args }) => rows(args.where ?? {}, args.limit, args.orderBy, args.direction),
    },
    {
      kind: "mutation",
      name: `insert${type}`,
      sdl: `insert${type}(data: ${type}Input!): ${type}! ${row} ${input}`,
      resolve: ({ args }) => ask("insert", args.data).value,
    },
  ];
  const hasId = known.some((one) => one.name === "id" && TYPES[one.type] === "Int");
  return hasId ? [...fields, ...byId({ name, type, row, changes, ask, rows })] : fields;
}

/** The fields about one row. A row that does not exist is null. */
function byId({ name, type, row, changes, ask, rows }) {
  return [
    {
      kind: "query",
      name: `${name}ById`,
      sdl: `${name}ById(id: Int!): ${type} ${row}`,
      resolve: ({ args }) => rows({ id: args.id }, 1)[0] ?? null,
    },
    {
      kind: "mutation",
      name: `update${type}`,
      sdl: `update${type}(id: Int!, data: ${type}Changes!): ${type} ${row} ${changes}`,
      resolve({ args }) {
        try {
          return ask("update", args.id, args.data).value;
        } catch (error) {
          if (error.code === "NOT_FOUND") return null;
          throw error;
        }
      },
    },
    {
      kind: "mutation",
      name: `delete${type}`,
      sdl: `delete${type}(id: Int!): Boolean!`,
      resolve: ({ args }) => ask("delete", args.id).value.deleted,
    },
  ];
}

function typeOf(head, columns, isRequired) {
  const fields = columns.map(
    (one) => `${one.name}: ${TYPES[one.type]}${isRequired(one) ? "!" : ""}`,
  );
  return `${head} { ${fields.join(" ")} }`;
}
