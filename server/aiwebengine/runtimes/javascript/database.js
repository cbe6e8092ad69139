// The script's database: `env.db`, and `database` of the classic form.

import { converted, parameter } from "./database_values.js";
import {
  byteLength,
  decode,
  encode,
  freeze,
  fromEntries,
  isArray,
  parse,
  stringify,
} from "./safe.js";

// Author code can replace the globals.
const { Error, TypeError, String } = globalThis;

// Parameters that are longer go as bytes of the question.
const LONG = 100_000;
const CLASSIC = [
  "createTable",
  "createLeaseTable",
  "dropTable",
  "addIntegerColumn",
  "addTextColumn",
  "addBooleanColumn",
  "addTimestampColumn",
  "addReferenceColumn",
  "dropColumn",
  "addUniqueIndex",
  "query",
  "insert",
  "update",
  "upsert",
  "delete",
  "deleteWhere",
  "acquireLease",
  "generateGraphQLForTable",
  "beginTransaction",
  "commitTransaction",
  "commit",
  "rollbackTransaction",
  "rollback",
  "createSavepoint",
  "rollbackToSavepoint",
  "releaseSavepoint",
];

/** `env.db`. */
export function moduleEnv(host) {
  return { ...statements(host, null), transaction: (work) => transaction(host, work) };
}

/** The globals of the classic form; its functions return JSON, also for errors. */
export function classic(host) {
  return { database: fromEntries(CLASSIC.map((name) => [name, classicFunction(host, name)])) };
}

/** The functions that run statements in a transaction, or each by itself without *number*. */
function statements(host, number) {
  const run = async (sql, parameters, most) => {
    const { value, body } = await ask(host, sql, parameters, most, number);
    return { count: value[0], rows: converted(parse(decode(body)), value[1]) };
  };
  return {
    query: async (sql, parameters) => (await run(sql, parameters, 0)).rows,
    one: async (sql, parameters) => (await run(sql, parameters, 1)).rows[0] ?? null,
    value: async (sql, parameters) => firstOf((await run(sql, parameters, 1)).rows[0]),
    execute: async (sql, parameters) => (await run(sql, parameters, 0)).count,
    sql: async (texts, ...values) => (await run(numbered(texts), values, 0)).rows,
  };
}

function ask(host, sql, parameters = [], most, number) {
  if (typeof sql !== "string") throw new TypeError(`the SQL must be a string, not ${typeof sql}`);
  if (!isArray(parameters)) throw new TypeError("the parameters must be an array");
  const values = [];
  for (let at = 0; at < parameters.length; at++) values[at] = parameter(parameters[at], at + 1);
  const text = stringify(values);
  return text.length > LONG
    ? host.ask("db.query", [sql, [], most, number], encode(text))
    : host.ask("db.query", [sql, values, most, number]);
}

/** The text of a template with $1, $2, … for its values. */
function numbered(texts) {
  if (!isArray(texts) || !isArray(texts.raw)) throw new TypeError("use sql as sql`select …`");
  let text = texts[0];
  for (let at = 1; at < texts.length; at++) text += `$${at}${texts[at]}`;
  return text;
}

function firstOf(row) {
  if (row === undefined) return null;
  for (const name in row) return row[name];
  return null;
}

/** Runs *work* in a transaction: commits when its promise resolves, undoes all when it rejects. */
async function transaction(host, work) {
  if (typeof work !== "function") throw new TypeError("transaction needs a function");
  const { value: number } = await host.ask("db.begin", []);
  return settle(
    () => work(inside(host, number)),
    () => host.ask("db.commit", [number]),
    () => host.ask("db.rollBack", [number]),
  );
}

/** What a transaction's function gets; its own `transaction` is a savepoint. */
function inside(host, number) {
  const savepoint = async (work) => {
    if (typeof work !== "function") throw new TypeError("transaction needs a function");
    const { value: point } = await host.ask("db.savepoint", [number]);
    return settle(
      () => work(inside(host, number)),
      () => host.ask("db.release", [number, point]),
      () => host.ask("db.rollBackTo", [number, point]),
    );
  };
  return freeze({ ...statements(host, number), transaction: savepoint });
}

async function settle(work, keep, undo) {
  let result;
  try {
    result = await work();
  } catch (error) {
    try {
      await undo();
    } catch {
      // It is over already; the author needs the first error.
    }
    throw error;
  }
  await keep();
  return result;
}

function classicFunction(host, name) {
  return (...given) => {
    try {
      const { value, body } = host.askNow(`database.${name}`, given);
      return byteLength(body) > 0 ? decode(body) : stringify(value);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return stringify({ success: false, error: message, code: error?.code });
    }
  };
}
