// @ts-check
/** Ends the session of this browser. */
import { say } from "../lib/parts.js";
import { reportSignedOut, setLeaving, tellOtherTabs } from "../lib/state.js";
import { logoutAddress } from "./logout-address.js";

/** @typedef {import("../lib/parts.js").Question} Question */

/**
 * End the session here and go home, or first offer to end it at the provider where that is
 * possible.
 * @param {(question: Question) => void} offer
 */
export async function signOut(offer) {
  const headers = { "Content-Type": "application/json" };
  setLeaving(true);
  const sent = fetch("/auth/logout", { method: "POST", headers, body: "{}" });
  const answer = await sent.catch(() => null);
  const told = await answer?.json().catch(() => null);
  // Going home as if it had been done would leave the browser open to the next person.
  if (!answer?.ok) {
    setLeaving(false);
    say(told?.detail ?? "The engine does not answer: you may still be signed in. Try again.");
    return;
  }
  tellOtherTabs("signed-out");
  reportSignedOut();
  const elsewhere = told && logoutAddress(told.logoutUrl);
  if (!elsewhere) {
    location.assign("/");
    return;
  }
  offer({
    title: "You are signed out here",
    text: `Sign out at ${told.provider} as well? Other sites that you use with it will ask again.`,
    verb: `Sign out at ${told.provider}`,
    run: async () => location.assign(elsewhere),
  });
}
