// @ts-check
/** Whether all is well, and who was told when it was not. */
import { html } from "htm/preact";
import { AlertsPanel } from "../alerts/alerts-panel.js";
import { Top } from "../lib/parts.js";
import { HealthPanel } from "./health-panel.js";

export const HealthPage = () =>
  html`<${Top} title="Health" text="Whether all is well, and who was told when it was not." />
    <div class="panels"><${HealthPanel} /><${AlertsPanel} /></div>`;
