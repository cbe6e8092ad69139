// @ts-check
/** Whether the engine is well, asked as a load balancer asks: it needs neither session nor socket. */
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { clock } from "../lib/format.js";
import { untrusted } from "../lib/untrusted-text.js";

const ASK_EVERY_MS = 3_000;
const GIVE_UP_MS = 4_000;

/**
 * @typedef {{ checks: Record<string, string> | null, since: Date, before: Date | null }} Health
 *   checks: what is wrong, null while all is well; since: since when it is so; before: since when
 *   it was wrong before that
 */

/** @returns {Promise<Record<string, string> | null>} what is wrong */
async function trouble() {
  const signal = AbortSignal.timeout(GIVE_UP_MS);
  const answer = await fetch("/health", { signal, cache: "no-store" }).catch(() => null);
  if (!answer) return { engine: "does not answer" };
  const told = await answer.json().catch(() => ({}));
  return told.status === "ok" ? null : (told.checks ?? { engine: `status ${answer.status}` });
}

/** @returns {Health | null} null before the first answer */
export function useHealth() {
  const [health, setHealth] = useState(/** @type {Health | null} */ (null));
  useEffect(() => {
    let timer = 0;
    let ended = false;
    const look = async () => {
      const checks = await trouble();
      if (ended) return;
      setHealth((was) => {
        if (was && Boolean(was.checks) === Boolean(checks)) return { ...was, checks };
        return { checks, since: new Date(), before: was?.checks ? was.since : null };
      });
      timer = setTimeout(look, ASK_EVERY_MS);
    };
    look();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, []);
  return health;
}

/** @param {{ health: Health | null }} props */
export function HealthNotice({ health }) {
  if (health?.checks) {
    const found = Object.entries(health.checks).map(([name, what]) => `${name}: ${what}`);
    return html`<div class="notice bad" role="alert">
      <b>Not well since ${clock(health.since)}.</b> ${untrusted(found.join("; "))}
    </div>`;
  }
  if (health?.before) {
    return html`<div class="notice good" role="status">
      Well again since ${clock(health.since)}. The trouble began at ${clock(health.before)}.
    </div>`;
  }
  return null;
}
