// @ts-check
/** Templates, shown instead of the list until there is a script. */
import { html } from "htm/preact";
import { Failure } from "../../lib/parts.js";
import { useTemplates } from "./templates.js";

/** @param {{ begin: (template: string) => void }} props begin: asks for the name of the new script */
export function FirstScript({ begin }) {
  const { data, error, reload } = useTemplates();
  return html`<section class="card first-script" aria-label="First script">
    <h2>Start with a script that runs</h2>
    <p>
      Choose a template and create it. It answers at its address at once, and you change it here.
    </p>
    ${error && html`<${Failure} error=${error} retry=${reload} />`}
    <ul class="templates" aria-busy=${String(!data && !error)}>
      ${
        data
          ? data.scriptTemplates.map(
              ({ name, title, description }) =>
                html`<li key=${name}>
                  <button onClick=${() => begin(name)}>
                    <b>${title}</b><span>${description}</span>
                  </button>
                </li>`,
            )
          : !error && html`<li><span class="skeleton"></span></li>`
      }
    </ul>
    <p class="end">
      <button class="btn" onClick=${() => begin("")}>Use my own files</button>
    </p>
  </section>`;
}
