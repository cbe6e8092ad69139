// JSX as HTML text. As in the classic interface, the text between tags is not escaped.

const VOID = new Set("area base br col embed hr img input link meta source track wbr".split(" "));
const RENAMED = { className: "class", htmlFor: "for" };

/** An element as text. A function as *tag* is called with its properties. */
export function h(tag, properties, ...children) {
  if (typeof tag === "function") return tag({ ...properties, children });
  let text = `<${tag}`;
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (name !== "key" && name !== "children") text += attribute(RENAMED[name] ?? name, value);
  }
  if (VOID.has(tag)) return `${text}>`;
  const inside = children.length > 0 ? children : properties?.children;
  return `${text}>${flat(inside)}</${tag}>`;
}

/** The children without an element around them. */
export const Fragment = (properties) => flat(properties?.children);

function attribute(name, value) {
  if (value === null || value === undefined || value === false) return "";
  if (value === true) return ` ${name}`;
  const shown = name === "style" && typeof value === "object" ? style(value) : String(value);
  return ` ${name}="${shown.replace(/&/g, "&amp;").replace(/"/g, "&quot;")}"`;
}

function style(properties) {
  return Object.entries(properties)
    .map(([name, value]) => `${name.replace(/[A-Z]/g, (u) => `-${u.toLowerCase()}`)}:${value}`)
    .join(";");
}

function flat(child) {
  if (Array.isArray(child)) return child.map(flat).join("");
  return child === null || child === undefined || typeof child === "boolean" ? "" : String(child);
}
