// JSX becomes HTML text. What visitors wrote has to be escaped.

import { Entry } from "./entries.ts";

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

export const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => ESCAPES[character]);

export function page(entries: Entry[], problem: string | null): Response {
  const html = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>Guestbook</title>
      </head>
      <body>
        <h1>Guestbook</h1>
        {problem === null ? "" : <p role="alert">{problem}</p>}
        <form method="post" action="/guestbook">
          <p><label>Name <input name="name" required maxlength="60" /></label></p>
          <p><label>Text <textarea name="text" required maxlength="500"></textarea></label></p>
          <p><button>Sign</button></p>
        </form>
        {entries.length === 0 ? <p>Nobody has signed yet.</p> : ""}
        {entries.map((entry) => (
          <article>
            <h2>{escaped(entry.name)}</h2>
            <p>{escaped(entry.text)}</p>
            <p><time>{entry.at.slice(0, 10)}</time></p>
          </article>
        ))}
      </body>
    </html>
  );
  return new Response(`<!doctype html>${html}`, {
    status: problem === null ? 200 : 400,
    headers: { "content-type": "text/html; charset=utf-8" },
  });
}
