// @ts-check
/** Asks the server to check the files of a script. */
import { gql } from "../../lib/documents.js";
import { ask } from "../../lib/gql.js";

const LOAD = gql(`mutation CheckScriptInEditor($input: CheckScriptInput!) {
  checkScript(input: $input) { diagnostics { severity message file line column } }
}`);

const TYPES = gql(`mutation CheckScriptTypesInEditor($input: CheckScriptTypesInput!) {
  checkScriptTypes(input: $input) { diagnostics { severity message file line column } problem }
}`);

/** @type {{ load: import("./checks.js").Check, types: import("./checks.js").Check }} */
export const serverChecks = {
  load: async (input) => (await ask(LOAD, { input })).checkScript,
  types: async (input) => (await ask(TYPES, { input })).checkScriptTypes,
};
