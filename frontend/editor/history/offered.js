// @ts-check
/** What a deployment changes besides files: compares what is served with what would be. */

/**
 * @typedef {{ method: string, path: string }} Route
 * @typedef {{ added: string[], removed: string[], kept: number }} Change
 */

/** @param {readonly string[]} before @param {readonly string[]} after @returns {Change} */
export function changeOf(before, after) {
  const [old, now] = [new Set(before), new Set(after)];
  const added = [...now].filter((one) => !old.has(one));
  const removed = [...old].filter((one) => !now.has(one));
  return { added, removed, kept: now.size - added.length };
}

/** @param {readonly Route[]} routes */
export const routeNames = (routes) =>
  routes.map(({ method, path }) => `${method === "*" ? "ANY" : method} ${path}`);

const MIGRATION = /^migrations\/(.+?)(\.rollback)?\.sql$/;

/**
 * The migrations that a deployment runs, and those whose rollback it runs if there is one.
 * @param {readonly { path: string, kind: "ADDED" | "CHANGED" | "REMOVED" }[]} files
 */
export function migrationsOf(files) {
  const named = files.flatMap(({ path, kind }) => {
    const found = MIGRATION.exec(path);
    return found && !found[2] ? [{ name: found[1], kind }] : [];
  });
  const of = (/** @type {"ADDED" | "REMOVED"} */ wanted) =>
    named.filter(({ kind }) => kind === wanted).map(({ name }) => name);
  return { run: of("ADDED"), undone: of("REMOVED") };
}
