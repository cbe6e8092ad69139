// @ts-check
/** Where a browser may be sent to sign out at the provider. */

/**
 * The address when a browser may be sent there: https, or http on this machine; else null.
 * @param {unknown} text
 */
export function logoutAddress(text) {
  if (typeof text !== "string" || !URL.canParse(text)) return null;
  const { protocol, hostname } = new URL(text);
  const isLocal = ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  return protocol === "https:" || (protocol === "http:" && isLocal) ? text : null;
}
