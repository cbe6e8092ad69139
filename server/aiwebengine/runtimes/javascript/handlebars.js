// Templates as in the language Handlebars: values, blocks and their helpers, without partials.

import { SafeMap, hasOwn, isArray, stringify } from "./safe.js";

// Author code can replace the globals.
const { Error, Number, String } = globalThis;

const TAG = /\{\{\{([^]*?)\}\}\}|\{\{!--[^]*?--\}\}|\{\{(~?)([^]*?)(~?)\}\}/g;
const WORDS = /"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|\(|\)|(?:\[[^\]]*\]|[^\s()"'[])+/g;
const KEYS = /\[[^\]]*\]|[^./]+/g;
const DEEPEST = 100;
const ESCAPES = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#x27;",
  "`": "&#x60;",
  "=": "&#x3D;",
};

/** *template* with the values of *data*. Throws for a template that can't be read. */
export function render(template, data) {
  return shown(parsed(template), { value: data, parent: null, special: { root: data } });
}

/** The parts of a template: text, or `{expression, raw}`, or `{block, inside, otherwise}`. */
function parsed(template) {
  const root = { inside: [], block: null };
  const open = [root];
  let at = 0;
  for (const tag of template.matchAll(TAG)) {
    let text = template.slice(at, tag.index);
    at = tag.index + tag[0].length;
    const expression = (tag[1] ?? tag[3] ?? "!").trim();
    const standsAlone = /^[#/^!]|^else\b/.test(expression) && isAlone(template, tag.index, at);
    if (tag[2] === "~") text = text.trimEnd();
    else if (standsAlone) text = text.replace(/[ \t]*$/, "");
    add(open, text);
    if (tag[4] === "~") at += /^\s*/.exec(template.slice(at))[0].length;
    else if (standsAlone) at += /^[ \t]*(?:\r?\n)?/.exec(template.slice(at))[0].length;
    read(open, expression, tag[1] !== undefined);
  }
  const rest = template.slice(at);
  const unended = rest.indexOf("{{");
  if (unended >= 0) throw new Error(`${rest.slice(unended, unended + 40)} has no end: "}}"`);
  add(open, rest);
  if (open.length > 1) throw new Error(`{{#${open.at(-1).block[0].word}}} has no end`);
  return root.inside;
}

function isAlone(template, start, end) {
  const before = template.slice(template.lastIndexOf("\n", start - 1) + 1, start);
  return /^[ \t]*$/.test(before) && /^[ \t]*(?:\r?\n|$)/.test(template.slice(end));
}

function add(open, part) {
  const block = open.at(-1);
  if (part !== "") (block.otherwise ?? block.inside).push(part);
}

function read(open, expression, isRaw) {
  if (expression.startsWith("!")) return;
  if (expression.startsWith(">")) throw new Error(`{{${expression}}}: there are no partials`);
  if (expression.startsWith("#") || (expression.startsWith("^") && expression.length > 1)) {
    const block = wordsOf(expression.slice(1).trim());
    if (block.length === 0) throw new Error("{{#}} has no name");
    if (open.length > DEEPEST) throw new Error(`blocks are nested more than ${DEEPEST} times`);
    const part = { block, inside: [], otherwise: expression.startsWith("^") ? [] : null };
    part.isInverse = expression.startsWith("^");
    add(open, part);
    open.push(part);
  } else if (expression === "else" || expression === "^") {
    if (open.length === 1) throw new Error("{{else}} is outside of a block");
    open.at(-1).otherwise = [];
  } else if (/^else\s/.test(expression)) {
    // `{{else if …}}` is a block in the other branch, which ends with this one.
    if (open.length === 1) throw new Error("{{else}} is outside of a block");
    const part = { block: wordsOf(expression.slice(4).trim()), inside: [], otherwise: null };
    part.isChained = true;
    open.at(-1).otherwise = [part];
    open.push(part);
  } else if (expression.startsWith("/")) {
    while (open.at(-1).isChained) open.pop();
    const name = expression.slice(1).trim();
    if (open.length === 1 || open.at(-1).block[0].word !== name) {
      throw new Error(`{{/${name}}} ends a block that is not open`);
    }
    open.pop();
  } else {
    const isUnescaped = isRaw || expression.startsWith("&");
    const words = wordsOf(isUnescaped ? expression.replace(/^&\s*/, "") : expression);
    if (words.length === 0) throw new Error("{{}} is empty");
    add(open, { words, isUnescaped });
  }
}

/** The words of an expression; one in parentheses is a list of words. */
function wordsOf(text) {
  const root = [];
  const open = [root];
  for (const [word, double, single] of text.matchAll(WORDS)) {
    if (word === "(") {
      const inner = [];
      open.at(-1).push({ inner });
      open.push(inner);
    } else if (word === ")") {
      if (open.length === 1) throw new Error(`"${text}" has a ")" too many`);
      open.pop();
    } else {
      const literal = double ?? single;
      open.at(-1).push(literal === undefined ? { word } : { literal });
    }
  }
  if (open.length > 1) throw new Error(`"${text}" has a "(" without a ")"`);
  // `each items as |item index|`
  return root;
}

function shown(parts, scope) {
  let text = "";
  for (const part of parts) {
    if (typeof part === "string") text += part;
    else if (part.block !== undefined) text += shownBlock(part, scope);
    else text += part.isUnescaped ? asText(result(part.words, scope)) : escaped(part.words, scope);
  }
  return text;
}

const escaped = (words, scope) =>
  asText(result(words, scope)).replace(/[&<>"'`=]/g, (sign) => ESCAPES[sign]);

function shownBlock({ block, inside, otherwise, isInverse }, scope) {
  const [{ word: name }, ...given] = block;
  const names = aliases(given);
  const value = given.length > 0 ? valueOf(given[0], scope) : undefined;
  const other = () => shown(otherwise ?? [], scope);
  switch (name) {
    case "if":
      return isTrue(value) ? shown(inside, scope) : other();
    case "unless":
      return isTrue(value) ? other() : shown(inside, scope);
    case "with":
      return isTrue(value) ? shown(inside, below(scope, value, {}, names)) : other();
    case "each":
      return each(value, inside, scope, names) ?? other();
  }
  const found = result(block, scope);
  if (isInverse) return isTrue(found) ? "" : other();
  if (isArray(found)) return each(found, inside, scope, names) ?? other();
  if (!isTrue(found)) return other();
  return shown(inside, found === true ? scope : below(scope, found, {}, names));
}

/** The names in `as |item index|`, which are taken out of *given*. */
function aliases(given) {
  const at = given.findIndex(({ word }) => word === "as");
  if (at < 0) return [];
  return given
    .splice(at)
    .slice(1)
    .map(({ word }) => word.replaceAll("|", ""))
    .filter((word) => word !== "");
}

function each(value, inside, scope, names) {
  if (value === null || typeof value !== "object") return null;
  const keys = Object.keys(value);
  if (keys.length === 0) return null;
  const last = keys.length - 1;
  let text = "";
  keys.forEach((key, index) => {
    const special = { index, key, first: index === 0, last: index === last };
    text += shown(inside, below(scope, value[key], special, names, isArray(value) ? index : key));
  });
  return text;
}

function below(scope, value, special, names, key) {
  const named = {};
  if (names.length > 0) named[names[0]] = value;
  if (names.length > 1) named[names[1]] = key;
  return { value, parent: scope, special: { ...scope.special, ...special }, named };
}

const compare = (test) => (a, b) => test(a, b);
const HELPERS = new SafeMap();
for (const [name, helper] of Object.entries({
  lookup: (object, key) => member(object, String(key)),
  eq: compare((a, b) => a === b),
  ne: compare((a, b) => a !== b),
  gt: compare((a, b) => a > b),
  gte: compare((a, b) => a >= b),
  lt: compare((a, b) => a < b),
  lte: compare((a, b) => a <= b),
  and: (...all) => all.every(isTrue),
  or: (...all) => all.some(isTrue),
  not: (value) => !isTrue(value),
  len: (value) => (typeof value === "string" ? value : Object.keys(value ?? {})).length,
})) {
  HELPERS.set(name, helper);
}

function result([first, ...given], scope) {
  if (given.length === 0) return valueOf(first, scope);
  const helper = first.word === undefined ? undefined : HELPERS.get(first.word);
  if (helper === undefined) throw new Error(`"${first.word}" is not a helper`);
  return helper(...given.map((one) => valueOf(one, scope)));
}

function valueOf({ word, literal, inner }, scope) {
  if (literal !== undefined) return literal;
  if (inner !== undefined) return result(inner, scope);
  if (word === "true" || word === "false") return word === "true";
  if (word === "null" || word === "undefined") return null;
  if (/^-?\d+(?:\.\d+)?$/.test(word)) return Number(word);
  return atPath(word, scope);
}

function atPath(word, scope) {
  if (word.startsWith("@")) return along(word.slice(1).split("."), scope.special);
  let path = word;
  while (path.startsWith("../")) {
    if (scope.parent === null) return undefined;
    scope = scope.parent;
    path = path.slice(3);
  }
  path = path.replace(/^(?:this|\.)(?:[./]|$)/, "");
  if (path === "" || path === "..") return (path === ".." ? scope.parent : scope)?.value;
  const keys = (path.match(KEYS) ?? []).map((key) => key.replace(/^\[(.*)\]$/, "$1"));
  for (let at = scope; at !== null; at = at.parent) {
    if (at.named !== undefined && hasOwn(at.named, keys[0])) return along(keys, at.named);
  }
  return along(keys, scope.value);
}

const along = (keys, value) => keys.reduce(member, value);

/** Only own members: a template must not reach the prototypes of objects. */
function member(object, key) {
  if (object === null || object === undefined) return undefined;
  if (key === "length" && (isArray(object) || typeof object === "string")) return object.length;
  return typeof object === "object" && hasOwn(object, key) ? object[key] : undefined;
}

function isTrue(value) {
  return isArray(value) ? value.length > 0 : Boolean(value);
}

function asText(value) {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? stringify(value) : String(value);
}
