// @ts-check
/** Waiting that has an end. */

/**
 * Waits, but not for ever.
 * @param {Promise<void> | undefined} promise @param {number} milliseconds
 * @returns {Promise<void>}
 */
export const atMost = async (promise, milliseconds) => {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([promise, late]).finally(() => clearTimeout(timer));
};
