// Secrets: `env.secrets`, and `secretStorage` of the classic form. No value ever comes back.

import { Bytes, encode, exec, isPrototypeOf } from "./safe.js";

// Author code can replace the globals.
const { ArrayBuffer, TypeError, Uint8Array } = globalThis;

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/** Ends the placeholders of this process. Nobody outside can write one into what is sent. */
export const MARK = crypto.randomUUID().replaceAll("-", "");

/** `env.secrets`. */
export function moduleEnv(host) {
  return {
    async has(name) {
      return (await host.ask("secrets.has", [name])).value;
    },

    /** What the engine replaces by the secret in headers and bodies of `fetch`. */
    placeholder,

    /** The value of a header: a scheme and the secret. */
    header: (name, scheme = "Bearer") => `${scheme} ${placeholder(name)}`,

    /** Whether *signature* is the HMAC of *message* with the secret, in hex or base64. */
    async verifyHmac(name, message, signature, { algorithm = "sha256" } = {}) {
      const args = [name, signature, algorithm];
      return (await host.ask("secrets.verify", args, bytesOf(message))).value;
    },
  };
}

/** The globals of the classic form. */
export function classic(host) {
  const ask = (operation, ...args) => host.askNow(operation, args).value;
  return {
    secretStorage: {
      exists: (name) => isName(name) && ask("secrets.has", name),
      setSecret(name, value) {
        ask("secrets.setOwn", name, value);
        return `Secret ${name} is set`;
      },
      removeSecret: (name) => isName(name) && ask("secrets.removeOwn", name),
      clear() {
        ask("secrets.clearOwn");
        return "Secrets are removed";
      },
    },
  };
}

function placeholder(name) {
  if (!isName(name)) {
    throw new TypeError(`"${name}" is not the name of a secret: use letters, digits and _`);
  }
  return `{{${name}#${MARK}}}`;
}

function isName(name) {
  return typeof name === "string" && exec(NAME, name) !== null;
}

function bytesOf(message) {
  if (typeof message === "string") return encode(message);
  if (isPrototypeOf(Bytes.prototype, message)) return message;
  if (isPrototypeOf(ArrayBuffer.prototype, message)) return new Uint8Array(message);
  throw new TypeError("the message must be a string, a Uint8Array or an ArrayBuffer");
}
