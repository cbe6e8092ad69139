// @ts-check
/** JSON with line breaks, unless they would be most of it. */

/** Deeper JSON is left as it is: each line begins with two spaces a level. */
const DEEPEST = 50;
/** Characters that spaces and line breaks may add. */
const LARGEST_GROWTH = 2_000_000;

/** JSON with line breaks; the text itself when it is none, or too deep or large. @param {string} text */
export function pretty(text) {
  if (!isShallow(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** @param {string} text */
function isShallow(text) {
  let [depth, growth, isQuoted] = [0, 0, false];
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (isQuoted) {
      if (sign === "\\") at += 1;
      else if (sign === '"') isQuoted = false;
      continue;
    }
    if (sign === '"') isQuoted = true;
    else if (sign === "[" || sign === "{") depth += 1;
    else if (sign === "]" || sign === "}") depth -= 1;
    else if (sign !== ",") continue;
    // A line begins here.
    if (!isQuoted) growth += 2 * depth + 1;
    if (depth > DEEPEST || growth > LARGEST_GROWTH) return false;
  }
  return true;
}
