// The signed-in visitor.

import { isPrototypeOf } from "./safe.js";

/** Thrown by `requireAuth` without a visitor: an HTTP call answers 401. */
class AuthenticationRequired extends Error {
  constructor() {
    super("Authentication required");
  }
}

/** Whether *error* is that; author code can change `instanceof`. */
export const isUnauthenticated = (error) => isPrototypeOf(AuthenticationRequired.prototype, error);

/** The user of a call. Throws AuthenticationRequired if nobody is signed in. */
export function requireAuth(user) {
  if (user === null || user === undefined) throw new AuthenticationRequired();
  return user;
}
