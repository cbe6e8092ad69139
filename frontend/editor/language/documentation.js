// @ts-check
/** Documentation of a name, as an element beside the code. */

/**
 * The name with its signature, and what it does.
 * @param {{ path: string, signature: string, doc: string }} name
 * @returns {HTMLElement}
 */
export function documentation({ path, signature, doc }) {
  const element = document.createElement("div");
  element.className = "cm-documentation";
  const code = element.appendChild(document.createElement("code"));
  code.textContent = `${path}${signature}`;
  if (doc) element.appendChild(document.createElement("p")).textContent = doc;
  return element;
}
