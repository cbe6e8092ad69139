// @ts-check
/** The newest drill: can what we keep be restored? */
import { html } from "htm/preact";
import { duration } from "../lib/format.js";
import { Time } from "../lib/parts.js";
import { untrusted } from "../lib/untrusted-text.js";

/** @param {any} props */
export function Drill({ drill, isLoaded, isBusy, run }) {
  if (!isLoaded)
    return html`<section class="card drill" aria-label="Drill">
      <span class="skeleton"></span>
    </section>`;
  const isGood = drill?.state === "SUCCEEDED";
  const kind = !drill ? "none" : drill.state === "RUNNING" ? "none" : isGood ? "good" : "bad";
  return html`<section class="card drill ${kind}" aria-label="Drill">
    <div>
      <h2>${title(drill)}</h2>
      ${
        drill
          ? html`<p>
              <code>${untrusted(drill.backupName)}</code>, <${Time} iso=${drill.startedAt} />
              ${drill.details?.seconds && html`, ${duration(drill.details.seconds)}`}
            </p>`
          : html`<p>
              A drill restores the newest backup into a scratch database, checks it and drops it.
            </p>`
      }
      ${drill?.problem && html`<p class="problem">${untrusted(drill.problem)}</p>`}
      ${
        drill?.details?.checks &&
        html`<ul>
          ${drill.details.checks.map(
            (/** @type {any} */ check) =>
              html`<li>
                <span class="badge ${check.ok ? "good" : "bad"}"
                  >${check.ok ? "ok" : "not ok"}</span
                >
                <b>${untrusted(check.name)}</b><span>${untrusted(check.told)}</span>
              </li>`,
          )}
        </ul>`
      }
    </div>
    <button class="btn" disabled=${isBusy} onClick=${run}>Run a drill</button>
  </section>`;
}

/** @param {any} drill */
function title(drill) {
  if (!drill) return "No restore drill yet";
  if (drill.state === "RUNNING") return "A drill is running";
  return drill.state === "SUCCEEDED"
    ? "The last drill was passed: backups can be restored"
    : "The last drill was not passed";
}
