/** `html` templates as calls of their components, for the type checker. */
import { parse } from "acorn";
import htm from "htm";

/** Returns the code with its `html` templates as calls, each on the line it had. */
export function asCalls(code) {
  const templates = [];
  collect(parse(code, { ecmaVersion: "latest", sourceType: "module" }), templates);
  const writer = new Writer(code, templates);
  writer.copy(0, code.length);
  return writer.out;
}

function collect(node, templates) {
  if (!node || typeof node !== "object") return;
  if (Array.isArray(node)) node.forEach((one) => collect(one, templates));
  else {
    if (node.type === "TaggedTemplateExpression" && node.tag.name === "html") templates.push(node);
    for (const [name, value] of Object.entries(node)) if (name !== "loc") collect(value, templates);
  }
}

/** An expression of a template, as htm passes it on. */
class Slot {
  /** @param {number} index */
  constructor(index) {
    // htm copies the properties of what is spread, and joins the texts of a mixed attribute.
    this[`...${index}`] = this;
    Object.defineProperty(this, "index", { value: index });
  }
  toString() {
    return `\0${this.index}\0`;
  }
}

const build = htm.bind((type, props, ...children) => ({ type, props: props ?? {}, children }));

class Writer {
  out = "";
  #lines = 1;

  constructor(code, templates) {
    this.code = code;
    this.templates = templates;
    this.starts = [0, ...[...code.matchAll(/\n/g)].map(({ index }) => index + 1)];
  }

  write(text) {
    this.out += text;
    this.#lines += text.split("\n").length - 1;
  }

  /** Copies a part of the code, with its outermost templates as calls. */
  copy(start, end) {
    let at = start;
    for (const template of this.templates) {
      if (template.start < at || template.end > end) continue;
      this.write(this.code.slice(at, template.start));
      this.#template(template.quasi);
      at = template.end;
    }
    this.write(this.code.slice(at, end));
  }

  #template({ quasis, end }) {
    const slots = quasis.slice(1).map((_, index) => new Slot(index));
    const roots = build(
      quasis.map((quasi) => quasi.value.cooked),
      ...slots,
    );
    this.quasis = [...(this.quasis ?? []), quasis];
    // The type of every template, whatever is in it.
    this.write('(/** @type {import("preact").VNode} */ (/** @type {unknown} */ (');
    this.#list([roots].flat());
    this.#moveTo(end);
    this.write(")))");
    this.quasis.pop();
  }

  /** Continues on the line of the code, so that errors are reported there. */
  #moveTo(position) {
    const line = this.starts.findLastIndex((start) => start <= position) + 1;
    if (line > this.#lines) this.write("\n".repeat(line - this.#lines));
  }

  #list(nodes) {
    this.write("[");
    for (const node of nodes) {
      this.#node(node);
      this.write(", ");
    }
    this.write("]");
  }

  #node(node) {
    if (node instanceof Slot) this.#expression(node);
    else if (node && typeof node === "object") this.#element(node);
    else this.write(JSON.stringify(node) ?? "null");
  }

  #element({ type, props, children }) {
    const isComponent = type instanceof Slot;
    if (!isComponent) {
      this.write(`[${JSON.stringify(type)}, `);
      this.#props(props);
      this.write(", ");
      this.#list(children);
      this.write("]");
      return;
    }
    this.write("[");
    this.#expression(type);
    const { key, ...given } = props;
    this.write("(");
    if (Object.keys(given).length > 0 || children.length > 0) this.#props(given, children);
    this.write("), ");
    if (key) this.#node(key);
    this.write("]");
  }

  #props(props, children = []) {
    this.write("{ ");
    for (const [name, value] of Object.entries(props)) {
      if (name.startsWith("...")) this.write("...");
      else this.write(`${JSON.stringify(name)}: `);
      if (typeof value === "string" && value.includes("\0")) this.#mixed(value);
      else this.#node(value);
      this.write(", ");
    }
    if (children.length > 0) {
      this.write("children: ");
      if (children.length === 1) this.#node(children[0]);
      else this.#list(children);
    }
    this.write(" }");
  }

  /** An attribute such as `class="badge ${kind}"`. */
  #mixed(value) {
    this.write("`");
    value.split("\0").forEach((part, index) => {
      if (index % 2 === 0) this.write(part.replace(/[\\`$]/g, "\\$&"));
      else {
        this.write("${");
        this.#expression({ index: Number(part) });
        this.write("}");
      }
    });
    this.write("`");
  }

  #expression({ index }) {
    const quasis = this.quasis.at(-1);
    const [start, end] = [quasis[index].end + 2, quasis[index + 1].start - 1];
    this.#moveTo(start);
    this.write("(");
    this.copy(start, end);
    this.write(")");
  }
}
