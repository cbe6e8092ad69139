// @ts-check
/** The address of a file of a script. @param {string} slug @param {string} path */
export const addressOf = (slug, path) =>
  `/api/engine/scripts/${encodeURIComponent(slug)}/files/${path.split("/").map(encodeURIComponent).join("/")}`;
