// @ts-check
/** A request as a command for a terminal. */

/** @typedef {import("./requests.js").Request} Request */

/** A text as one word of a POSIX shell (POSIX.1-2024, section 2.2.2). @param {string} text */
export const quoted = (text) =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * The command that sends a request. It signs in as nobody: a session is not for a terminal, a token
 * is filled in by hand.
 * @param {Request} request @param {string} origin scheme, host and port
 * @param {{ isStream?: boolean }} [options] isStream: what comes is shown at once
 */
export function curl({ method, path, headers, body, asViewer }, origin, { isStream = false } = {}) {
  const parts = [methodOf(method, body), quoted(origin + encoded(path))];
  if (isStream) parts.push("--no-buffer");
  for (const { name, value } of headers) parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (asViewer) parts.push('-H "Authorization: Bearer $AIWEBENGINE_TOKEN"');
  // curl reads a file for what begins with @, and takes line breaks out of --data.
  if (body) parts.push(`--data-raw ${quoted(body)}`);
  return parts.join(" \\\n  ");
}

/** @param {string} method @param {string} body */
function methodOf(method, body) {
  if (method === "HEAD") return "curl --head";
  const isSaid = method === (body ? "POST" : "GET");
  return isSaid ? "curl" : `curl -X ${quoted(method)}`;
}

/** A path as it is sent: as `runScript` does, letters beyond ASCII and blanks are encoded. @param {string} path */
const encoded = (path) => {
  try {
    return encodeURI(path).replaceAll("%25", "%");
  } catch {
    return path;
  }
};
