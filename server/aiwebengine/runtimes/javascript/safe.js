// Built-ins before author code can change them. The runtime uses these wherever a changed one would
// give author code an object of the runtime's, or stop the runtime.

const { bind, call } = Function.prototype;

/** A method as a function whose first argument is its object. */
export const uncurryThis = bind.bind(call);

export const { parse, stringify } = JSON;
export const { defineProperty, freeze, fromEntries, getOwnPropertySymbols, getPrototypeOf } =
  Object;
export const { isArray } = Array;
export const Bytes = Uint8Array;

export const hasOwn = Object.hasOwn;
export const isPrototypeOf = uncurryThis(Object.prototype.isPrototypeOf);
export const exec = uncurryThis(RegExp.prototype.exec);
export const then = uncurryThis(Promise.prototype.then);
export const indexOf = uncurryThis(String.prototype.indexOf);
export const slice = uncurryThis(String.prototype.slice);
export const toUpperCase = uncurryThis(String.prototype.toUpperCase);

const typedArray = getPrototypeOf(Uint8Array.prototype);
const getter = (name) => uncurryThis(Object.getOwnPropertyDescriptor(typedArray, name).get);
export const byteLength = getter("byteLength");
const bufferOf = getter("buffer");
const byteOffset = getter("byteOffset");
export const setBytes = uncurryThis(typedArray.set);

/** Part of *bytes*, without a copy. `subarray` asks the changeable `constructor` of its object. */
export function view(bytes, start, end = byteLength(bytes)) {
  return new Bytes(bufferOf(bytes), byteOffset(bytes) + start, end - start);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const encodeTo = uncurryThis(TextEncoder.prototype.encodeInto);
const encodeText = uncurryThis(TextEncoder.prototype.encode);
const decodeBytes = uncurryThis(TextDecoder.prototype.decode);

/** Writes *text* as UTF-8 and returns the number of bytes. */
export const encodeInto = (text, bytes) => encodeTo(encoder, text, bytes).written;
export const encode = (text) => encodeText(encoder, text);
export const decode = (bytes) => decodeBytes(decoder, bytes);

/** A map whose methods are its own. */
export class SafeMap extends Map {}
for (const name of ["get", "set", "has", "delete", "keys"]) {
  defineProperty(SafeMap.prototype, name, { value: Map.prototype[name] });
}
Object.setPrototypeOf(SafeMap.prototype, null);
freeze(SafeMap.prototype);
