// @ts-check
/** The head of every page of the editor: where one is, where one can go, and who one is. */
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { signOut } from "../auth/sign-out.js";
import { keepPageFor } from "../lib/gql.js";
import { Icon } from "../lib/icons.js";
import { Mark } from "../lib/mark.js";
import { Ask } from "../lib/parts.js";
import { ThemeButton } from "../lib/theme-button.js";
import { oneLine } from "../lib/untrusted-text.js";
import { EDITOR, leave } from "./address.js";

/**
 * @typedef {{ id: string, email: string | null, roles: readonly import("../types/schema").Role[] }} Me
 */

/** @param {Pick<Me, "roles"> | null} me */
export const isAdministrator = (me) => Boolean(me?.roles.includes("ADMINISTRATOR"));

/** @param {{ me: Me | null, children?: unknown }} props children: what belongs to the page */
export function Head({ me, children }) {
  const [offered, setOffered] = useState(
    /** @type {import("../lib/parts.js").Question | null} */ (null),
  );
  const id = me?.id;
  useEffect(() => {
    if (id) keepPageFor(id);
  }, [id]);
  // On a phone the links are folded away; wide screens show them always.
  const [isUnfolded, setUnfolded] = useState(false);
  return html`<header class="editor-head on-brand" data-unfolded=${String(isUnfolded)}>
    <a class="brand" href=${EDITOR}>Editor</a>
    <button
      class="btn glass small fold"
      aria-expanded=${String(isUnfolded)}
      aria-controls="editor-menu"
      onClick=${() => setUnfolded(!isUnfolded)}
    >
      <${Icon} name="menu" />Menu
    </button>
    <nav id="editor-menu" aria-label="Main">
      <a href="/">Home</a>
      <a href=${EDITOR}>Scripts</a>
      ${isAdministrator(me) && html`<a href="/engine/admin">Manager</a>`}
      <a href="/graphql">GraphQL</a>
    </nav>
    <div class="editor-tools">${children}</div>
    <div class="editor-me">
      <${Mark} />
      <span class="email">${oneLine(me?.email)}</span>
      <${ThemeButton} />
      <button class="btn glass small" onClick=${() => leave(() => void signOut(setOffered))}>
        Sign out
      </button>
    </div>
    <${Ask} question=${offered} done=${() => location.assign("/")} />
  </header>`;
}
