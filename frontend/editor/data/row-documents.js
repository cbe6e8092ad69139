// @ts-check
/** What the panel reads of a table and of each row. */
import { gql } from "../../lib/documents.js";

export const TABLE = gql(`fragment DataTableFields on ScriptTable {
  kind isInsertable isEditable key
  columns { name type isNullable isKey isGenerated hasDefault default }
}`);
export const ROW = gql(`fragment DataRowFields on ScriptRow {
  key version cells shortened { column bytes }
}`);
