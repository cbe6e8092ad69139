// @ts-check
/** The address is the state: what a reload, a bookmark or Back should keep lives there. */

/**
 * The parameters of a query string over their defaults.
 * @template {Record<string, string>} T
 * @param {string} search
 * @param {T} defaults
 * @returns {T}
 */
export function read(search, defaults) {
  const given = new URLSearchParams(search);
  const entries = Object.keys(defaults).map((name) => [name, given.get(name) ?? defaults[name]]);
  return /** @type {T} */ (Object.fromEntries(entries));
}

/** The parameters that have a value, for an address. @param {Record<string, string | null | undefined>} given */
export const parameters = (given) =>
  new URLSearchParams(
    Object.entries(given).flatMap(([name, value]) => (value ? [[name, value]] : [])),
  );

/**
 * The query string of some state; what equals its default is left out.
 * @param {Record<string, string>} state
 * @param {Record<string, string>} defaults
 */
export function write(state, defaults) {
  const changed = Object.entries(state).filter(([name, value]) => value !== defaults[name]);
  const text = new URLSearchParams(changed).toString();
  return text ? `?${text}` : "";
}
