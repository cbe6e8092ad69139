// The script's database: `env.db`, and `database` of the classic form.

import { stringify } from "./safe.js";
import { functions, missing } from "./unavailable.js";

const CLASSIC = `createTable dropTable addIntegerColumn addTextColumn addBooleanColumn
  addTimestampColumn addReferenceColumn dropColumn query insert update delete upsert deleteWhere
  acquireLease createLeaseTable addUniqueIndex generateGraphQLForTable beginTransaction
  commitTransaction rollbackTransaction createSavepoint rollbackToSavepoint releaseSavepoint`;

/** `env.db`. */
export function moduleEnv() {
  return missing("env.db", "query one execute transaction");
}

/** The globals of the classic form; its functions report errors as JSON. */
export function classic() {
  const refused = (name) => () => stringify({ error: `database.${name} is not available yet` });
  return { database: functions(CLASSIC, refused) };
}
