// @ts-check
/** What a workspace asks the server about its script. */
import { gql } from "../../lib/documents.js";
import { ask } from "../../lib/gql.js";

export const SCRIPT = gql(`query EditorScript($slug: String!) {
  viewer { id email name roles }
  script(slug: $slug) {
    id slug title newestVersion activeVersion state host pageMode suspendedAt suspensionReason
    viewerIsOwner
    owners { email name }
    routes { method path kind handler }
  }
}`);

export const CHANGED = gql(`subscription EditorScriptChanged($slug: String!) {
  scriptChanged(slug: $slug) { action at by script { newestVersion activeVersion } }
}`);

const NEWEST = gql(`query EditorNewest($slug: String!) {
  script(slug: $slug) { newest { number entry files { path text base64 size digest } } }
}`);

const VERSION = gql(`query EditorVersion($slug: String!, $number: Int!) {
  scriptVersion(slug: $slug, number: $number) { number entry files { path text base64 size digest } }
}`);

/**
 * Returns a version with its files; null when there is none.
 * @param {string} slug @param {number} [number] the newest by default
 */
export async function versionOf(slug, number) {
  if (number === undefined) return (await ask(NEWEST, { slug })).script?.newest ?? null;
  return (await ask(VERSION, { slug, number })).scriptVersion;
}
