// Messages of Deno about imports, in the author's terms: without its options and its folders.

import { exec } from "./safe.js";

const MISSING = /Module not found "([^"]+)"/;
const ADDED = /Maybe add a '([^']+)' extension/;
const CHANGED = /Maybe change the extension to '([^']+)'/;
const FOLDER = /Directory import '([^']+)' is not supported[^]* path to '([^']+)'/;
// Where the import map leads.
const REFUSED =
  /(?:Module not found|Requires read access to) "[^"]*\/javascript\/refused(\/[^"]*)"/;
const UNREAD = /Requires read access to "([^"]+)", run again/;

/** What is reported for a specifier that can't be imported. */
export function refusal(specifier) {
  return `"${specifier}" can't be imported: only files of the same folder can, as "./name.js"`;
}

/** *message* as it is, or what it means if it is about an import. */
export function plainMessage(message) {
  const refused = exec(REFUSED, message);
  if (refused !== null) return refusal(refused[1]);
  const unread = exec(UNREAD, message);
  if (unread !== null) {
    return `${unread[1]} was not found while loading: write its name into the import`;
  }
  const folder = exec(FOLDER, message);
  if (folder !== null) return `${folder[1]} is a folder: did you mean ${folder[1]}/${folder[2]}?`;
  const missing = exec(MISSING, message);
  if (missing === null) return message;
  const absent = `${missing[1]} does not exist`;
  const added = exec(ADDED, message);
  if (added !== null) return `${absent}: did you mean ${missing[1]}${added[1]}?`;
  const changed = exec(CHANGED, message);
  return changed === null ? absent : `${absent}: is its extension ${changed[1]}?`;
}
