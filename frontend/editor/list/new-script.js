// @ts-check
/** The dialog that creates a script, from a template or from files of one's own. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { gql } from "../../lib/documents.js";
import { useQuery } from "../../lib/load.js";
import { say } from "../../lib/parts.js";
import { refusalOf } from "../../lib/refusal.js";
import { untrusted } from "../../lib/untrusted-text.js";
import { addressOf, go } from "../address.js";
import { createScript } from "./create-script.js";
import { chosenFiles, filesToSend, folderOf, OWN_FILES, OwnFiles } from "./own-files.js";
import { firstPage } from "./script-link.js";
import { freeSlug, slugFrom } from "./slugs.js";
import { filesOfTemplate, useTemplates } from "./templates.js";
import { useDrop } from "./use-drop.js";

/** @typedef {import("../workspace/uploads.js").Upload} Upload */

/** The list behind the dialog may be filtered, only a page of many, or not there yet. */
const TAKEN = gql(
  `query TakenSlugs($search: String!) {
    scripts(first: 100, filter: { search: $search }) { nodes { slug } }
  }`,
);

/**
 * @param {string} template the one to begin with; empty for files of one's own
 * @returns {import("../../lib/parts.js").Question}
 */
export function newScriptQuestion(template) {
  // A form has no field for what was dropped.
  const own = { dropped: /** @type {readonly Upload[]} */ ([]) };
  return {
    title: "New script",
    text: "It belongs to you. Other editors can read it.",
    verb: "Create",
    fields: html`<${Fields} template=${template} own=${own} />`,
    run: (form) => create(form, own.dropped),
  };
}

/** @param {FormData} form @param {readonly Upload[]} dropped */
async function create(form, dropped) {
  const slug = String(form.get("slug"));
  const template = String(form.get("template"));
  const created = await createScript({
    slug,
    title: String(form.get("title")),
    files:
      template === OWN_FILES
        ? await filesToSend(chosenFiles(form), dropped)
        : await filesOfTemplate(template, slug),
    message: template === OWN_FILES ? "Uploaded" : `From the template ${template}`,
    deploy: form.has("deploy"),
  });
  go(addressOf(slug));
  say(created.active === null ? html`${untrusted(slug)} was created.` : live(created));
}

/** @param {import("./create-script.js").Created} created */
function live({ slug, routes }) {
  const page = firstPage(routes);
  if (!page) return html`${untrusted(slug)} is live.`;
  const link = html`<a href=${page} target="_blank">${untrusted(page)}</a>`;
  return html`${untrusted(slug)} is live at${" "}${link}.`;
}

/** @param {{ template: string, own: { dropped: readonly Upload[] } }} props own: is written to */
function Fields({ template, own }) {
  const { data } = useTemplates();
  const [chosen, setChosen] = useState(template || OWN_FILES);
  const [folder, setFolder] = useState("");
  const [typed, setTyped] = useState(/** @type {string | null} */ (null));
  const [drops, setDrops] = useState(0);
  const [refused, setRefused] = useState(/** @type {unknown} */ (null));
  const take = (/** @type {readonly Upload[]} */ uploads, /** @type {string} */ name) => {
    own.dropped = uploads;
    setRefused(null);
    setFolder(name);
  };
  const dropArea = useDrop({
    taken: ({ folder: name, uploads }) => {
      take(uploads, name);
      // It replaces what was chosen, so the fields are emptied.
      setDrops((before) => before + 1);
      setChosen(OWN_FILES);
    },
    refused: setRefused,
  });
  const isOwn = chosen === OWN_FILES;
  const wanted = isOwn ? slugFrom(folder) : chosen;
  const taken = useQuery(TAKEN, { search: wanted }, { isContent: false }).data?.scripts.nodes ?? [];
  const proposed = freeSlug(
    wanted,
    taken.map((one) => one.slug),
  );
  const slug = typed ?? proposed;
  const choice = (
    /** @type {string} */ name,
    /** @type {string} */ title,
    /** @type {string} */ text,
  ) =>
    html`<label class="choice" key=${name}>
      <input
        type="radio"
        name="template"
        value=${name}
        checked=${chosen === name}
        onChange=${() => setChosen(name)}
      />
      <span><b>${title}</b> <small>${text}</small></span>
    </label>`;
  return html`<fieldset class="choices" ref=${dropArea}>
      <legend>Start with</legend>
      ${data?.scriptTemplates.map(({ name, title, description }) => choice(name, title, description))}
      ${choice(OWN_FILES, "My own files", "A folder, or some files, of this computer. You can drop them here.")}
    </fieldset>
    ${!data && !isOwn && html`<input type="hidden" name="template" value=${chosen} />`}
    ${
      isOwn &&
      html`<${OwnFiles}
        key=${drops}
        dropped=${own.dropped}
        chosen=${(/** @type {readonly File[]} */ files) => take([], folderOf(files))}
      />`
    }
    ${
      refused !== null &&
      html`<p class="notice bad" role="alert">${untrusted(refusalOf(refused).message)}</p>`
    }
    <label class="field">
      Name <small>in addresses and commands: a-z, 0-9 and -</small>
      <input
        name="slug"
        required
        maxlength="63"
        pattern="[a-z0-9][a-z0-9\\-]*"
        title="a-z, 0-9 and -, not beginning with -"
        autocomplete="off"
        autocapitalize="none"
        spellcheck=${false}
        value=${slug}
        onInput=${(/** @type {{ target: HTMLInputElement }} */ { target }) => setTyped(target.value)}
      />
    </label>
    <label class="field">
      Title <small>optional; for people</small>
      <input name="title" maxlength="200" autocomplete="off" />
    </label>
    <label
      ><input type="checkbox" name="deploy" defaultChecked /> Deploy now, so that it answers</label
    >`;
}
