// @ts-check
/** The living part of the home page. */
import { html } from "htm/preact";
import { render } from "preact";
import { MySessions } from "./auth/my-sessions.js";
import { MyTokens } from "./auth/my-tokens.js";
import { ownTexts } from "./lib/own-text.js";
import { showHidden } from "./lib/untrusted-text.js";

showHidden();
ownTexts();
const place = document.getElementById("my-sessions");
if (place) render(html`<${MySessions} /><${MyTokens} />`, place);
