// @ts-check
/** The form for the limits of a script. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { gql } from "../../lib/documents.js";
import { ask } from "../../lib/gql.js";
import { useQuery } from "../../lib/load.js";
import { Failure, reason, say } from "../../lib/parts.js";
import { refusalOf } from "../../lib/refusal.js";
import { changes, highest, hint, LIMITS } from "./limit-fields.js";

/** @typedef {import("./limit-fields.js").LimitField} LimitField */
/** @typedef {import("./limit-fields.js").LimitName} LimitName */
/** @typedef {import("./limit-fields.js").Limits} LimitValues */
/** @typedef {import("./limit-fields.js").Ranges} Ranges */

const ALL = gql(`fragment LimitFields on ScriptLimits {
  callTimeoutSecs loadTimeoutSecs streamTimeoutSecs heapMb residentMb answerMaxBytes
  concurrentCalls waitingCalls processes logLines idleSecs
}`);
const LIMITS_OF = gql(
  `query ScriptLimits($slug: String!) {
    script(slug: $slug) {
      limits { ...LimitFields }
      limitRanges {
        lowest { ...LimitFields }
        defaults { ...LimitFields }
        highest { ...LimitFields }
      }
    }
  }`,
  ALL,
);
const SET = gql(`mutation SetScriptLimits($input: SetScriptLimitsInput!) {
  setScriptLimits(input: $input) { script { id } }
}`);

/** @param {import("./parts.js").SettingProps} props */
export function Limits({ slug, isAdministrator, mayChange, changed }) {
  const query = useQuery(LIMITS_OF, { slug });
  const [typed, setTyped] = useState(/** @type {Partial<Record<LimitName, string>>} */ ({}));
  const [refused, setRefused] = useState(/** @type {unknown} */ (null));
  const [busy, setBusy] = useState(false);
  const script = query.data?.script;
  if (query.error && !script)
    return html`<${Failure} error=${query.error} retry=${query.reload} />`;
  if (!script)
    return html`<p class="loading" role="status">
      <span class="visually-hidden">Loading…</span><span class="skeleton"></span>
    </p>`;
  const { limits, limitRanges: ranges } = script;
  const wanted = changes(typed, limits, ranges.defaults);
  const isDefault = LIMITS.every(({ name }) => limits[name] === ranges.defaults[name]);

  const set = async (/** @type {Partial<Record<LimitName, number | null>>} */ values) => {
    setBusy(true);
    setRefused(null);
    try {
      await ask(SET, { input: { slug, limits: values } });
      say("Limits saved. They apply from the next request.");
      changed();
      await query.reload();
      // Not before: the fields would show the limits from before for a moment, and what is typed
      // then would be added to those. What was typed meanwhile stays.
      setTyped((now) => newer(now, typed));
    } catch (error) {
      setRefused(error);
    } finally {
      setBusy(false);
    }
  };
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    void set(wanted);
  };
  const reset = () => set(Object.fromEntries(LIMITS.map(({ name }) => [name, null])));

  return html`<form class="limits" aria-label="Limits" onSubmit=${submit}>
    ${
      !isAdministrator &&
      html`<p class="hint">Owners may lower a limit. Only administrators may raise it.</p>`
    }
    <div class="fields">
      ${LIMITS.map(
        (field) =>
          html`<${Field}
            key=${field.name}
            field=${field}
            value=${typed[field.name] ?? String(limits[field.name])}
            max=${highest(field.name, ranges, limits, isAdministrator)}
            ranges=${ranges}
            mayChange=${mayChange}
            type=${(/** @type {string} */ text) => setTyped((all) => ({ ...all, [field.name]: text }))}
          />`,
      )}
    </div>
    ${Boolean(refused) && html`<p class="notice bad" role="alert">${reason(refusalOf(refused))}</p>`}
    ${
      mayChange &&
      html`<p class="does">
        <button class="btn primary small" disabled=${busy || Object.keys(wanted).length === 0}>
          Save limits
        </button>
        <button type="button" class="btn small" disabled=${busy || isDefault} onClick=${reset}>
          Restore defaults
        </button>
      </p>`
    }
  </form>`;
}

/**
 * What was typed after *before*.
 * @param {Partial<Record<LimitName, string>>} now @param {Partial<Record<LimitName, string>>} before
 */
const newer = (now, before) =>
  Object.fromEntries(
    Object.entries(now).filter(([name, text]) => text !== before[/** @type {LimitName} */ (name)]),
  );

/**
 * @param {{ field: LimitField, value: string, max: number, ranges: Ranges, mayChange: boolean,
 *   type: (text: string) => void }} props
 */
function Field({ field, value, max, ranges, mayChange, type }) {
  const { name, label, unit, isWhole } = field;
  const [low, standard] = [ranges.lowest[name], ranges.defaults[name]];
  return html`<label class="field">
    ${unit ? `${label} (${unit})` : label}
    <input
      name=${name}
      type="number"
      min=${low}
      max=${max}
      step=${isWhole ? 1 : "any"}
      placeholder=${standard}
      value=${value}
      readonly=${!mayChange}
      onInput=${(/** @type {{ target: HTMLInputElement }} */ { target }) => type(target.value)}
    />
    <small>${hint(name, ranges, max)}</small>
  </label>`;
}
