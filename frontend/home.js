// @ts-check
/** The living part of the home page. */
import { html } from "htm/preact";
import { render } from "preact";
import { MySessions } from "./auth/my-sessions.js";

const place = document.getElementById("my-sessions");
if (place) render(html`<${MySessions} />`, place);
