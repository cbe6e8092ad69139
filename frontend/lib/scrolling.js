// @ts-check
/**
 * Where a page is scrolled to: a new one is at its top, Back leads to where one was, and a list's
 * next page begins at the top of the list. The browser can't do it: what it would scroll to is not
 * there before the data are.
 */

// Timeout for the page to become long enough.
const WAIT_MS = 4_000;

history.scrollRestoration = "manual";

/** Note in the history where this page is scrolled to. */
export function keepPosition() {
  history.replaceState({ ...history.state, y: scrollY }, "");
}

// Also for those who leave by Back or reload the page.
addEventListener("scrollend", keepPosition);
addEventListener("pagehide", keepPosition);

let stop = () => {};

/** Scrolls to the top, for a new page. */
export function toTop() {
  stop();
  scrollTo(0, 0);
}

/** Scroll to where this entry of the history was, as soon as the page is long enough. */
export function restorePosition() {
  stop();
  const y = history.state?.y ?? 0;
  const isThere = () => {
    scrollTo(0, y);
    return Math.abs(scrollY - y) < 2;
  };
  if (isThere()) return;
  const observer = new ResizeObserver(() => isThere() && stop());
  const timer = setTimeout(() => stop(), WAIT_MS);
  // A person who scrolls takes over.
  const events = ["wheel", "touchstart", "keydown", "pointerdown"];
  const gaveUp = () => stop();
  stop = () => {
    observer.disconnect();
    clearTimeout(timer);
    events.forEach((name) => removeEventListener(name, gaveUp));
    stop = () => {};
  };
  events.forEach((name) => addEventListener(name, gaveUp));
  observer.observe(document.body);
}

/** @type {Element | null} */
let clicked = null;
// Not the focus: Safari gives none to a button.
addEventListener("click", (event) => (clicked = /** @type {Element} */ (event.target)), true);

/** Bring the top of the list whose button was used into view, when it has left it. */
export function alignList() {
  stop();
  const list = clicked?.closest(".card");
  if (!list?.isConnected) return;
  list.querySelectorAll(".scroll").forEach((box) => box.scrollTo({ top: 0 }));
  if (list.getBoundingClientRect().top < 0) list.scrollIntoView({ block: "start" });
}
