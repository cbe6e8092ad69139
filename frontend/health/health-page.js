// @ts-check
/** The health page: checks and alerts. */
import { html } from "htm/preact";
import { AlertsPanel } from "../alerts/alerts-panel.js";
import { Top } from "../lib/parts.js";
import { HealthPanel } from "./health-panel.js";

export const HealthPage = () =>
  html`<${Top} title="Health" text="Health checks and alerts." />
    <div class="panels"><${HealthPanel} /><${AlertsPanel} /></div>`;
