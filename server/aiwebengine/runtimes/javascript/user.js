// The signed-in visitor.

import { isPrototypeOf } from "./safe.js";

/** Thrown by `requireAuth` without a visitor: the host asks the visitor to sign in. */
class AuthenticationRequired extends Error {
  constructor() {
    super("Authentication required");
  }
}

// A visitor gets a page to sign in instead, or an error of the engine.
const SIGN_IN = '{"status":401,"headers":[["content-type","application/json"]],"sign_in":true}';
const MESSAGE = '{"error":"Authentication required"}';

/** Whether *error* is that; author code can change `instanceof`. */
export const isUnauthenticated = (error) => isPrototypeOf(AuthenticationRequired.prototype, error);

/** The user of a call. Throws AuthenticationRequired if nobody is signed in. */
export function requireAuth(user) {
  if (user === null || user === undefined) throw new AuthenticationRequired();
  return user;
}

/** Answers a call with the request to sign in. */
export const askToSignIn = (call) => call.answer(SIGN_IN, MESSAGE);
