// @ts-check
/** A box that scrolls when its content does not fit. */
import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";

/**
 * It can have the focus while it scrolls (WCAG 2.1.1).
 * @param {{ label: string, children?: unknown }} props
 */
export function ScrollBox({ label, children }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const [scrolls, setScrolls] = useState(false);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const look = () =>
      setScrolls(
        element.scrollWidth > element.clientWidth || element.scrollHeight > element.clientHeight,
      );
    const observer = new ResizeObserver(look);
    for (const one of [element, ...element.children]) observer.observe(one);
    return () => observer.disconnect();
  }, []);
  return html`<div
    class="scroll"
    ref=${box}
    tabindex=${scrolls ? 0 : null}
    role=${scrolls ? "group" : null}
    aria-label=${scrolls ? label : null}
  >
    ${children}
  </div>`;
}
