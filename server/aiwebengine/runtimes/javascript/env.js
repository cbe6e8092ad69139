// `env`, the second argument of a handler of the module form.

import * as database from "./database.js";
import * as files from "./files.js";
import * as graphql from "./graphql.js";
import * as kv from "./kv.js";
import * as mcp from "./mcp.js";
import * as messages from "./messages.js";
import { freeze } from "./safe.js";
import * as schedule from "./schedule.js";
import * as secrets from "./secrets.js";
import * as streams from "./streams.js";

const PARTS = { db: database, files, graphql, kv, mcp, messages, schedule, secrets, streams };

/** What the engine provides to a script. */
export function envOf(host) {
  const env = {};
  for (const name of Object.keys(PARTS)) env[name] = freeze(PARTS[name].moduleEnv(host));
  return freeze(env);
}
