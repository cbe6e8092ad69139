// @ts-check
/** Ends the session of this browser. */
import { say } from "../lib/parts.js";
import { reportSignedOut, setLeaving, notifyOtherTabs } from "../lib/state.js";
import { logoutAddress } from "./logout-address.js";

/** @typedef {import("../lib/parts.js").Question} Question */
/** @typedef {{ detail?: string, logoutUrl?: string | null, provider?: string }} LogoutBody */

/**
 * End the session here and go home, or first offer to end it at the provider where that is
 * possible.
 * @param {(question: Question) => void} offer
 */
export async function signOut(offer) {
  const headers = { "Content-Type": "application/json" };
  setLeaving(true);
  const sent = fetch("/auth/logout", { method: "POST", headers, body: "{}" });
  const response = await sent.catch(() => null);
  const body = /** @type {LogoutBody | null | undefined} */ (
    await response?.json().catch(() => null)
  );
  // To go home as if it had worked would leave the session to the next person at this computer.
  if (!response?.ok) {
    setLeaving(false);
    say(body?.detail ?? "The engine does not answer. You may still be signed in. Try again.");
    return;
  }
  notifyOtherTabs("signed-out");
  reportSignedOut();
  const elsewhere = body && logoutAddress(body.logoutUrl);
  if (!elsewhere) {
    location.assign("/");
    return;
  }
  offer({
    title: "You are signed out",
    text: `Also sign out of ${body.provider}? Other sites that use it will ask you to sign in again.`,
    verb: `Sign out of ${body.provider}`,
    run: async () => location.assign(elsewhere),
  });
}
