// @ts-check
/** The button that changes the theme, and says to what. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { Icon } from "./icons.js";

const isDark = () => document.documentElement.dataset.theme === "dark";

export function ThemeButton() {
  const [dark, setDark] = useState(isDark);
  const toggle = () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("theme", theme);
    setDark(isDark());
  };
  const does = dark ? "Switch to light theme" : "Switch to dark theme";
  return html`<button class="btn glass square" aria-label=${does} title=${does} onClick=${toggle}>
    <${Icon} name=${dark ? "sun" : "moon"} />
  </button>`;
}
