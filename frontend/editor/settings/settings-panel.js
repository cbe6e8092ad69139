// @ts-check
/** The panel Settings: whose the script is, what it may use, and what it does without a visitor. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { gql } from "../../lib/documents.js";
import { useQuery } from "../../lib/load.js";
import { Failure } from "../../lib/parts.js";
import { FetchHosts } from "./fetch-hosts.js";
import { Hosting } from "./hosting.js";
import { Limits } from "./limits.js";
import { Messages } from "./messages.js";
import { Owners } from "./owners.js";
import { UserRoles } from "./roles.js";
import { Schedules } from "./schedules.js";
import { Secrets } from "./secrets.js";
import { State } from "./state.js";
import { Streams } from "./streams.js";

/** @typedef {import("./parts.js").SettingProps} SettingProps */

/** @type {readonly { label: string, part: (props: SettingProps) => unknown }[]} */
const PARTS = [
  { label: "State", part: State },
  { label: "Owners", part: Owners },
  { label: "Limits", part: Limits },
  { label: "Host", part: Hosting },
  { label: "Roles", part: UserRoles },
  { label: "Secrets", part: Secrets },
  { label: "Outgoing hosts", part: FetchHosts },
  { label: "Schedules", part: Schedules },
  { label: "Messages", part: Messages },
  { label: "Streams", part: Streams },
];

const VIEWER = gql("query SettingsViewer { viewer { roles } }");

/** @param {import("../panels.js").PanelProps} props */
export function SettingsPanel({ script, workspace }) {
  const { data, error, reload } = useQuery(VIEWER, {});
  const setting = {
    slug: script.slug,
    isAdministrator: Boolean(data?.viewer?.roles.includes("ADMINISTRATOR")),
    mayChange: script.viewerMayChange,
    changed: () => void workspace.reload(),
  };
  return html`<div class="settings">
    ${error && html`<${Failure} error=${error} retry=${reload} />`}
    ${PARTS.map(
      ({ label, part }) =>
        html`<${Fold} key=${label} label=${label} part=${part} setting=${setting} />`,
    )}
  </div>`;
}

/**
 * A part that is loaded when it is unfolded.
 * @param {{ label: string, part: (props: SettingProps) => unknown, setting: SettingProps }} props
 */
function Fold({ label, part: Part, setting }) {
  const [isOpen, setOpen] = useState(false);
  return html`<details
    open=${isOpen}
    onToggle=${(/** @type {{ currentTarget: HTMLDetailsElement }} */ { currentTarget }) =>
      setOpen(currentTarget.open)}
  >
    <summary><h3>${label}</h3></summary>
    ${isOpen && html`<div class="setting" role="group" aria-label=${label}><${Part} ...${setting} /></div>`}
  </details>`;
}
