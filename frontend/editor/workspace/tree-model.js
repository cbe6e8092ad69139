// @ts-check
/** The rows of the tree of files. Folders are what the paths of the files make of them. */

/**
 * @typedef {{ path: string, name: string, level: number, isFolder: boolean, isOpen: boolean }} Row
 *   path: of a folder without the slash at its end; level: from 1
 */

/**
 * Returns the visible rows: folders before files, each in the order of the alphabet.
 * @param {readonly string[]} paths @param {ReadonlySet<string>} closed paths of closed folders
 * @returns {Row[]}
 */
export function rowsOf(paths, closed) {
  return rowsIn("", 1, [...paths], closed);
}

/**
 * @param {string} folder with its slash; empty for the root
 * @param {number} level @param {string[]} paths those in the folder @param {ReadonlySet<string>} closed
 * @returns {Row[]}
 */
function rowsIn(folder, level, paths, closed) {
  /** @type {Map<string, string[]>} */
  const folders = new Map();
  const files = [];
  for (const path of paths) {
    const [name, ...rest] = path.slice(folder.length).split("/");
    if (rest.length === 0) files.push(name);
    else folders.set(name, [...(folders.get(name) ?? []), path]);
  }
  return [
    ...[...folders].sort(byName).flatMap(([name, inside]) => {
      const path = folder + name;
      const isOpen = !closed.has(path);
      const row = { path, name, level, isFolder: true, isOpen };
      return isOpen ? [row, ...rowsIn(`${path}/`, level + 1, inside, closed)] : [row];
    }),
    ...files.sort(compare).map((name) => {
      return { path: folder + name, name, level, isFolder: false, isOpen: false };
    }),
  ];
}

/** @param {string} one @param {string} other */
const compare = (one, other) => one.localeCompare(other, "en", { numeric: true });

/** @param {[string, string[]]} one @param {[string, string[]]} other */
const byName = ([one], [other]) => compare(one, other);

/** The folder of a path with its slash; empty for the root. @param {string} path */
export const folderOf = (path) => path.slice(0, path.lastIndexOf("/") + 1);

/** @param {string} path */
export const nameOf = (path) => path.slice(path.lastIndexOf("/") + 1);

/**
 * The files of a row: itself, or those in the folder.
 * @param {readonly string[]} paths @param {Pick<Row, "path" | "isFolder">} row
 */
export const filesOf = (paths, { path, isFolder }) =>
  isFolder ? paths.filter((one) => one.startsWith(`${path}/`)) : [path];

/**
 * The row that a key of the keyboard leads to (ARIA Authoring Practices, tree view); null for
 * another key.
 * @param {readonly Row[]} rows @param {number} at index of the focused row @param {string} key
 * @returns {number | null}
 */
export function rowByKey(rows, at, key) {
  const last = rows.length - 1;
  const row = rows[at];
  if (key === "ArrowDown") return Math.min(at + 1, last);
  if (key === "ArrowUp") return Math.max(at - 1, 0);
  if (key === "Home") return 0;
  if (key === "End") return last;
  if (key === "ArrowRight" && row?.isOpen) return Math.min(at + 1, last);
  if (key === "ArrowLeft" && row && !row.isOpen)
    return Math.max(
      rows.findIndex(({ path, isFolder }) => isFolder && `${path}/` === folderOf(row.path)),
      0,
    );
  if (key.length !== 1 || key === " ") return null;
  const after = [...rows.slice(at + 1), ...rows.slice(0, at + 1)];
  const found = after.find(({ name }) => name.toLowerCase().startsWith(key.toLowerCase()));
  return found ? rows.indexOf(found) : null;
}
