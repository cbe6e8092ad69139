// @ts-check
/** What the panel Run asks the server. */
import { gql } from "../../lib/documents.js";

const ANSWER = gql(`fragment RunAnswer on ScriptRun {
  requestId version status headers { name value } body bodyBase64 bodySize isTruncated milliseconds
  log { level text file line column }
}`);

/** @typedef {import("../../types/documents").RunAnswer} RunAnswer */

export const RUN = gql(
  "mutation RunScript($input: RunScriptInput!) { runScript(input: $input) { ...RunAnswer } }",
  ANSWER,
);

export const REPLAY = gql(
  `mutation ReplayFailure($input: ReplayScriptInvocationInput!) {
    replayScriptInvocation(input: $input) { ...RunAnswer }
  }`,
  ANSWER,
);

export const FAILURES = gql(`query EditorFailures($slug: String!) {
  scriptFailures(slug: $slug, first: 20) {
    id requestId version at method path message canBeReplayed
  }
}`);

const SAVED_REQUEST = gql(`fragment SavedRequest on ScriptRequest {
  id name method path headers { name value } body asViewer savedAt savedBy
}`);

/** @typedef {import("../../types/documents").SavedRequest} SavedRequest */

export const SAVED = gql(
  "query SavedRequests($slug: String!) { scriptRequests(slug: $slug) { ...SavedRequest } }",
  SAVED_REQUEST,
);

export const SAVE = gql(
  `mutation SaveRequest($input: SaveScriptRequestInput!) {
    saveScriptRequest(input: $input) { request { ...SavedRequest } }
  }`,
  SAVED_REQUEST,
);

export const DELETE = gql(
  `mutation DeleteRequest($input: DeleteScriptRequestInput!) {
    deleteScriptRequest(input: $input) { requests { ...SavedRequest } }
  }`,
  SAVED_REQUEST,
);

export const ME = gql("query RunAs { viewer { email roles } }");
