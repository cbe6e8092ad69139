// @ts-check
/** Chains of names such as `env.kv.get`, in the text of a line. */

const BEFORE = /(?:^|[^\w$.])((?:[A-Za-z_$][\w$]*\s*\??\.\s*)*)([A-Za-z_$][\w$]*)?$/;
const REST = /^[\w$]*/;
const LONGEST = 300;

/**
 * What stands before the cursor: the chain up to the last dot, and the name that is being written.
 * Null where no name can stand, such as behind `).`.
 * @param {string} before the line up to the cursor
 * @returns {{ parent: string, word: string } | null}
 */
export function chainBefore(before) {
  const found = BEFORE.exec(before.slice(-LONGEST));
  if (!found) return null;
  const parent = found[1].replace(/[\s?]/g, "").replace(/\.$/, "");
  return { parent, word: found[2] ?? "" };
}

/**
 * The whole name at a place of a line, with the chain before it; null where there is none.
 * @param {string} line @param {number} at
 * @returns {{ path: string, word: string, from: number, to: number } | null}
 */
export function chainAt(line, at) {
  const end = at + (REST.exec(line.slice(at))?.[0].length ?? 0);
  const chain = chainBefore(line.slice(0, end));
  if (!chain?.word || at < end - chain.word.length) return null;
  const path = chain.parent ? `${chain.parent}.${chain.word}` : chain.word;
  return { path, word: chain.word, from: end - chain.word.length, to: end };
}
