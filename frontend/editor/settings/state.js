// @ts-check
/** The state of a script: whether it answers, suspending it, and deleting it. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { gql } from "../../lib/documents.js";
import { useQuery } from "../../lib/load.js";
import { Ask, Failure, sayRefused, Time } from "../../lib/parts.js";
import { untrusted } from "../../lib/untrusted-text.js";
import { removal, resume, suspension } from "./questions.js";

/** @typedef {import("../../lib/parts.js").Question} Question */

const STATE = gql(`query ScriptState($slug: String!) {
  script(slug: $slug) { activeVersion suspendedAt suspensionReason createdAt createdBy }
}`);

/** @param {import("./parts.js").SettingProps} props */
export function State({ slug, isAdministrator, mayChange, changed }) {
  const query = useQuery(STATE, { slug });
  const [asked, setAsked] = useState(/** @type {Question | null} */ (null));
  const script = query.data?.script;
  const after = async () => {
    changed();
    await query.reload();
  };
  if (!script)
    return query.error && html`<${Failure} error=${query.error} retry=${query.reload} />`;
  return html`<dl>
      <dt>State</dt>
      <dd>
        ${
          script.suspendedAt
            ? html`suspended${" "}
                <${Time}
                  iso=${script.suspendedAt}
                />${script.suspensionReason && html`: ${untrusted(script.suspensionReason)}`}`
            : script.activeVersion === null
              ? "draft: no version is deployed"
              : `active: version ${script.activeVersion} answers`
        }
      </dd>
      <dt>Created</dt>
      <dd><${Time} iso=${script.createdAt} /> by ${untrusted(script.createdBy)}</dd>
    </dl>
    <p class="does">
      ${
        isAdministrator &&
        (script.suspendedAt
          ? html`<button
              class="btn small"
              onClick=${() => resume(slug).then(after).catch(sayRefused)}
            >
              Resume
            </button>`
          : html`<button class="btn small" onClick=${() => setAsked(suspension(slug, after))}>
              Suspend
            </button>`)
      }
      ${
        mayChange &&
        html`<button
          class="btn small danger"
          onClick=${() => setAsked(removal(slug, () => location.assign("/editor")))}
        >
          Delete script
        </button>`
      }
    </p>
    <${Ask} question=${asked} done=${() => setAsked(null)} />`;
}
