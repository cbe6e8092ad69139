// @ts-check
/** When something ends. */
import { html } from "htm/preact";
import { ago, date, exactly } from "./format.js";

/**
 * The date on which a role, a token, an invitation or a review ends. A right needs a date: "next
 * month" is none. The time zone and the distance are shown on hover.
 * @param {{ iso: string | null | undefined, none?: string }} props none: what has no end
 */
export const EndDate = ({ iso, none = "no end" }) =>
  iso
    ? html`<time datetime=${iso} title=${`${exactly(iso)}, ${ago(iso)}`}>${date(iso)}</time>`
    : none;
