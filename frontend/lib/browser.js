// @ts-check
/** The name of a browser, from its user agent. */

// The first match counts: most browsers also contain the names of others.
const BROWSERS = [
  [/Edg(?:e|A|iOS)?\/(\d+)/, "Edge"],
  [/OPR\/(\d+)/, "Opera"],
  [/(?:Firefox|FxiOS)\/(\d+)/, "Firefox"],
  [/(?:Chrome|Chromium|CriOS)\/(\d+)/, "Chrome"],
  [/Version\/(\d+)[\d.]* .*Safari\//, "Safari"],
];
const SYSTEMS = [
  [/iPhone|iPad/, "iOS"],
  [/Android/, "Android"],
  [/Windows/, "Windows"],
  [/Mac OS X/, "macOS"],
  [/Linux|X11/, "Linux"],
];

/**
 * "Firefox 145 on Windows"; an unknown user agent is returned unchanged.
 * @param {string | null} userAgent
 */
export function browserName(userAgent) {
  if (!userAgent) return "Unknown browser";
  const [version, browser] = found(BROWSERS, userAgent);
  const [, system] = found(SYSTEMS, userAgent);
  if (!browser) return userAgent;
  return `${browser} ${version}${system ? ` on ${system}` : ""}`;
}

/** @param {(RegExp | string)[][]} names @param {string} text */
function found(names, text) {
  for (const [pattern, name] of names) {
    const match = text.match(pattern);
    if (match) return [match[1], name];
  }
  return ["", ""];
}
