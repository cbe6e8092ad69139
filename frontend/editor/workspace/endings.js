// @ts-check
/** The ending of a file's name, which says what it is. */

/** In lower case, without the dot; empty without one. @param {string} path */
export const endingOf = (path) => /\.([^./]+)$/.exec(path)?.[1].toLowerCase() ?? "";
