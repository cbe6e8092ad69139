// What scripts can use, a file each. A file exports what it has of these:
//
//   moduleEnv(host)           the value of `env.<name>`, see env.js
//   moduleGlobals(host)       an object of globals of the module form
//   declarations              by the name of an export of the module form: see module.js
//   moduleCalls               by type of call: ({handler, head, env, ctx, call, body}) => value
//   classic(host, registry)   an object of globals of the classic form; objects of the same name
//                             that several files have become one
//   classicCalls              by type of call: ({handler, head, context, call, body}) => value
//
// A value that is returned for a call, or that a promise resolves to, is answered as JSON.

import * as convert from "./convert.js";
import * as database from "./database.js";
import * as fetching from "./fetching.js";
import * as files from "./files.js";
import * as graphql from "./graphql.js";
import * as kv from "./kv.js";
import * as mcp from "./mcp.js";
import * as messages from "./messages.js";
import * as schedule from "./schedule.js";
import * as secrets from "./secrets.js";
import * as streams from "./streams.js";
import * as trial from "./trial.js";
import * as user from "./user.js";
import * as websocket from "./websocket.js";

export const FEATURES = [
  convert,
  database,
  fetching,
  files,
  graphql,
  kv,
  mcp,
  messages,
  schedule,
  secrets,
  streams,
  trial,
  user,
  websocket,
];

/** The tables called *name* of all features as one object without a prototype. */
export function tablesOf(name) {
  const merged = Object.create(null);
  for (const feature of FEATURES) Object.assign(merged, feature[name]);
  return merged;
}
