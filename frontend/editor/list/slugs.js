// @ts-check
/** Slugs of new scripts. */

const LONGEST = 63;

/** The slug that is nearest to a name, such as that of a folder; empty if nothing of it fits. @param {string} name */
export const slugFrom = (name) =>
  name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, LONGEST)
    .replace(/^-+|-+$/g, "");

/** The slug, with a number if another script has it. @param {string} slug @param {readonly string[]} taken */
export function freeSlug(slug, taken) {
  if (!slug || !taken.includes(slug)) return slug;
  for (let number = 2; ; number++) {
    const end = `-${number}`;
    const next = slug.slice(0, LONGEST - end.length) + end;
    if (!taken.includes(next)) return next;
  }
}
