// @ts-check
/** Addresses of a script that a browser can open. */

/** @typedef {{ method: string, path: string }} Route */

/** Whether a link can lead to the route: it answers GET, at one address. @param {Route} route */
export const opensInBrowser = ({ method, path }) =>
  ["GET", "ANY", "*"].includes(method) && path.startsWith("/") && !/[:*]/.test(path);

/** The shortest path that a link can lead to; undefined without one. @param {readonly Route[]} routes */
export const firstPage = (routes) =>
  routes
    .filter(opensInBrowser)
    .map(({ path }) => path)
    .sort((one, other) => one.length - other.length)[0];
