// @ts-check
/** One script: its state, owners, limits and host. */
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { Hosting } from "../editor/settings/hosting.js";
import { Limits } from "../editor/settings/limits.js";
import { Owners } from "../editor/settings/owners.js";
import { removal, resume, suspension } from "../editor/settings/questions.js";
import { gql } from "../lib/documents.js";
import { count, size } from "../lib/format.js";
import { follow } from "../lib/gql.js";
import { useQuery } from "../lib/load.js";
import { Ask, Failure, sayRefused, Time, Top } from "../lib/parts.js";
import { go, ROOT } from "../lib/router.js";
import { untrusted } from "../lib/untrusted-text.js";
import { StateBadge } from "./state-badge.js";

/** @typedef {import("../lib/parts.js").Question} Question */
/** @typedef {NonNullable<import("../types/documents").ScriptPageData["script"]>} Script */
/** @typedef {import("../types/documents").ScriptPageData["scriptStats"][number]} ScriptMetrics */

const SCRIPT = gql(`query ScriptPage($slug: String!) {
  script(slug: $slug) {
    id slug title state createdAt createdBy newestVersion suspendedAt suspensionReason
    active { number deployedAt authorName }
    routes { method path }
  }
  scriptStats(period: DAY, slugs: [$slug]) { requests errors processes memoryBytes waiting }
}`);
const CHANGED = gql(`subscription ScriptPageChanges($slug: String!) {
  scriptChanged(slug: $slug) { slug }
}`);

/** @param {{ slug: string }} props */
export function ScriptPage({ slug }) {
  const { data, error, reload } = useQuery(SCRIPT, { slug });
  const [asked, setAsked] = useState(/** @type {Question | null} */ (null));
  useEffect(() => follow(CHANGED, () => void reload(), undefined, { slug }), [slug, reload]);
  if (!data)
    return html`<${Top} title="Script" text=${error ? "" : "Loading…"} />
      ${error && html`<${Failure} error=${error} retry=${reload} />`}`;
  const { script } = data;
  if (!script)
    return html`<${Top}
        title="Script not found"
        text="There is no script at this address. It may have been deleted."
      />
      <p class="card empty">
        <a class="btn" href="${ROOT}/scripts">All scripts</a>
        <a class="btn" href="${ROOT}/scripts?show=deleted">Deleted scripts</a>
      </p>`;
  const setting = { slug, isAdministrator: true, mayChange: true, changed: reload };
  return html`<${Top}
      title=${script.slug}
      text=${script.title !== script.slug && untrusted(script.title)}
    >
      <a class="btn glass" href="/editor/${slug}">Open in editor</a>
      <a class="btn glass" href="${ROOT}/scripts">All scripts</a>
    <//>
    <div class="detail">
      ${error && html`<${Failure} error=${error} retry=${reload} />`}
      <section class="card" aria-label="State">
        <div class="head">
          <h2>State</h2>
          <div class="actions">
            ${
              script.state === "SUSPENDED"
                ? html`<button
                    class="btn"
                    onClick=${() => resume(slug).then(reload).catch(sayRefused)}
                  >
                    Resume
                  </button>`
                : html`<button class="btn" onClick=${() => setAsked(suspension(slug, reload))}>
                    Suspend
                  </button>`
            }
            <button
              class="btn danger"
              onClick=${() => setAsked(removal(slug, () => go(`${ROOT}/scripts`)))}
            >
              Delete
            </button>
          </div>
        </div>
        <${State} script=${script} metrics=${data.scriptStats[0]} />
      </section>
      <${Card} title="Owners"><${Owners} ...${setting} /><//>
      <${Card} title="Limits"><${Limits} ...${setting} /><//>
      <${Card} title="Host"><${Hosting} ...${setting} /><//>
    </div>
    <${Ask} question=${asked} done=${() => setAsked(null)} />`;
}

/** @param {{ title: string, children?: unknown }} props */
const Card = ({ title, children }) =>
  html`<section class="card setting" aria-label=${title}>
    <h2>${title}</h2>
    ${children}
  </section>`;

/** @param {{ script: Script, metrics: ScriptMetrics | undefined }} props */
const State = ({ script, metrics }) =>
  html`<dl>
    <dt>State</dt>
    <dd>
      <${StateBadge} state=${script.state} />
      ${script.suspendedAt && html` since <${Time} iso=${script.suspendedAt} />`}
      ${script.suspensionReason && html`: ${untrusted(script.suspensionReason)}`}
    </dd>
    <dt>Version</dt>
    <dd>
      ${
        script.active
          ? html`${`${script.active.number} of ${script.newestVersion}, deployed `}
              <${Time} iso=${script.active.deployedAt} />, saved by${" "}
              ${untrusted(script.active.authorName)}`
          : `none of ${script.newestVersion} is deployed`
      }
    </dd>
    <dt>Routes</dt>
    <dd>${count(script.routes.length)}</dd>
    <dt>Last 24 hours</dt>
    <dd>
      ${`${count(metrics?.requests ?? 0, "request")}, ${count(metrics?.errors ?? 0, "error")}`}
    </dd>
    <dt>Processes</dt>
    <dd>
      ${
        metrics?.processes
          ? `${count(metrics.processes)}, ${size(metrics.memoryBytes)}, ${count(metrics.waiting)} waiting`
          : "none on this instance"
      }
    </dd>
    <dt>Created</dt>
    <dd><${Time} iso=${script.createdAt} /> by ${untrusted(script.createdBy)}</dd>
  </dl>`;
