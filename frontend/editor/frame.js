// @ts-check
/** The head of every page of the editor: where one is, where one can go, and who one is. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { signOut } from "../auth/sign-out.js";
import { Mark } from "../lib/mark.js";
import { Ask } from "../lib/parts.js";
import { ThemeButton } from "../lib/theme-button.js";
import { oneLine } from "../lib/untrusted-text.js";
import { EDITOR } from "./address.js";

/**
 * @typedef {{ email: string | null, roles: readonly import("../types/schema").Role[] }} Me
 */

/** @param {Me | null} me */
export const isAdministrator = (me) => Boolean(me?.roles.includes("ADMINISTRATOR"));

/** @param {{ me: Me | null, children?: unknown }} props children: what belongs to the page */
export function Head({ me, children }) {
  const [offered, setOffered] = useState(
    /** @type {import("../lib/parts.js").Question | null} */ (null),
  );
  return html`<header class="editor-head on-brand">
    <a class="brand" href=${EDITOR} aria-label="Scripts">
      <img src=${new URL("../icon.svg", import.meta.url).pathname} alt="" /><span>Editor</span>
    </a>
    <nav aria-label="Main">
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
      <button class="btn glass small" onClick=${() => signOut(setOffered)}>Sign out</button>
    </div>
    <${Ask} question=${offered} done=${() => location.assign("/")} />
  </header>`;
}
