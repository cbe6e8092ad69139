// @ts-check
/** What the panel Log asks the server. */
import { gql } from "../../lib/documents.js";

export const LINE = gql(`fragment ScriptLine on ScriptLogLine {
  id version at level requestId route text file line column
}`);

/** @typedef {import("../../types/documents").ScriptLine} ScriptLine */

export const LINES = gql(
  `query ScriptLog($slug: String!, $after: String, $filter: ScriptLogFilter) {
    script(slug: $slug) {
      log(first: 200, after: $after, filter: $filter) {
        pageInfo { hasNextPage endCursor } nodes { ...ScriptLine }
      }
    }
  }`,
  LINE,
);

export const ADDED = gql(
  `subscription ScriptLogAdded($slug: String!, $level: ScriptLogLevel, $requestId: String) {
    scriptLogAdded(slug: $slug, level: $level, requestId: $requestId) { ...ScriptLine }
  }`,
  LINE,
);

export const VIEWER = gql("query ScriptLogViewer { viewer { email roles } }");
