// @ts-check
/** A user's initials in a circle. */
import { html } from "htm/preact";

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
// What can stand for a name: a letter, a digit, an emoji or a flag.
const SAYS = /[\p{L}\p{N}\p{Extended_Pictographic}\p{Regional_Indicator}]/u;
// A letter with its marks, or an emoji of many parts; longer ones are stacked marks.
const LONGEST = 12;

/** @param {{ user: { name: string, email: string } }} props */
export const Avatar = ({ user }) =>
  html`<span class="avatar" aria-hidden="true" translate=${false}>${initials(user)}</span>`;

/**
 * The first letters of the first two words, whole as a reader sees them: an emoji of several code
 * points is one, a letter keeps its accent.
 * @param {{ name: string, email: string }} user
 */
export function initials({ name, email }) {
  const words = (name || email).split(/[\s@.]+/);
  return words.map(first).filter(Boolean).slice(0, 2).join("");
}

/** @param {string} word */
function first(word) {
  for (const { segment } of graphemes.segment(word)) {
    if (!SAYS.test(segment)) continue;
    return segment.length > LONGEST ? [...segment][0].toUpperCase() : segment.toUpperCase();
  }
  return "";
}
