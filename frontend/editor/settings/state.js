// @ts-check
/** The state of a script: whether it answers, suspending it, and deleting it. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { gql } from "../../lib/documents.js";
import { ask } from "../../lib/gql.js";
import { useQuery } from "../../lib/load.js";
import { Ask, Failure, say, sayRefused, Time } from "../../lib/parts.js";
import { untrusted } from "../../lib/untrusted-text.js";
import { textOf } from "./parts.js";
import { removal, resume, suspension } from "./questions.js";

/** @typedef {import("../../lib/parts.js").Question} Question */

const STATE = gql(`query ScriptState($slug: String!) {
  script(slug: $slug) { title activeVersion suspendedAt suspensionReason createdAt createdBy }
}`);

const SET_TITLE = gql(`mutation SetScriptTitle($input: SetScriptTitleInput!) {
  setScriptTitle(input: $input) { script { id } }
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
  const rename = () =>
    setAsked({
      title: html`Title of ${untrusted(slug)}`,
      text: "A name for people, in lists. Addresses and commands keep the slug.",
      verb: "Save title",
      fields: html`<label class="field">
        Title <small>leave empty for none</small>
        <input name="title" maxlength="200" autocomplete="off" defaultValue=${script.title} />
      </label>`,
      run: async (form) => {
        await ask(SET_TITLE, { input: { slug, title: textOf(form, "title") } });
        say("Title saved.");
        await after();
      },
    });
  return html`<dl>
      <dt>Title</dt>
      <dd>${script.title ? untrusted(script.title) : "none"}</dd>
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
      ${mayChange && html`<button class="btn small" onClick=${rename}>Change title</button>`}
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
