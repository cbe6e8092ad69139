// @ts-check
/** GraphQL documents, each written beside the code that reads its data. */

/** @typedef {import("../types/documents").Documents} Documents */

/**
 * A document or a fragment, with its types. `make schema` validates the text against schema.graphql
 * and generates the types, which TypeScript finds by the text: so the text is a literal, without
 * `${}`, and the call is not a tag, whose text TypeScript does not see.
 * @template {keyof Documents} Text
 * @param {Text} text
 * @param {Documents[Text]["fragments"]} fragments those that the text spreads, in that order
 * @returns {Documents[Text]["document"]}
 */
export function gql(text, ...fragments) {
  const spread = /** @type {readonly { parts: readonly string[] }[]} */ (fragments);
  // Two fragments may spread the same third one, which the server accepts only once.
  const parts = [...new Set([text, ...spread.flatMap((fragment) => fragment.parts)])];
  return { parts, text: parts.join("\n") };
}
