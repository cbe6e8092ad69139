// @ts-check
/** The field for the seconds until a value expires. */

/**
 * Returns the seconds that were typed; null for an empty field.
 * @param {string} text
 * @throws {Error} for what is no number
 */
export function ttlOf(text) {
  const typed = text.trim();
  if (!typed) return null;
  const seconds = Number(typed);
  if (!Number.isFinite(seconds) || seconds < 0)
    throw new Error(`Seconds until it expires: found ${typed}; allowed: 0 or more.`);
  return seconds;
}
