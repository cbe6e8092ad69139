// @ts-check
/** End dates: how they are shown, and the field for one. */
import { html } from "htm/preact";
import { ago, date, exactly, instant } from "./format.js";

/**
 * The date on which a role, a token, an invitation or a review ends: a date, because "next month" is
 * too vague for a right. The time zone and the distance are shown on hover.
 * @param {{ iso: string | null | undefined, none?: string }} props none: the text without an end
 */
export const EndDate = ({ iso, none = "no end" }) =>
  iso
    ? html`<time datetime=${iso} title=${`${exactly(iso)}, ${ago(iso)}`}>${date(iso)}</time>`
    : none;

const FIELD = "ends";

/**
 * A field for an end, in the reader's time zone.
 * @param {{ none: string }} props none: what an empty field means
 */
export const EndField = ({ none }) =>
  html`<label class="field">
    Expires <small>local time; leave empty for ${none}</small>
    <input name=${FIELD} type="datetime-local" />
  </label>`;

/**
 * Returns the end from a form with an `EndField`, in ISO 8601; null for none.
 * @param {FormData} form
 * @throws {Error} when it is not a time, or in the past
 */
export function chosenEnd(form) {
  const text = String(form.get(FIELD) ?? "");
  if (!text) return null;
  const end = new Date(text);
  if (Number.isNaN(end.getTime()))
    throw new Error(`${text} is not a date. Choose a date, or leave the field empty.`);
  if (end <= new Date())
    throw new Error(
      `${instant(end)} is in the past. Choose a later time, or leave the field empty.`,
    );
  return end.toISOString();
}
