// JSX becomes HTML text. What visitors wrote has to be escaped.

import { Note } from "./notes.ts";

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

export const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => ESCAPES[character]);

export function page(notes: Note[], problem = ""): Response {
  const html = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>Notes</title>
      </head>
      <body>
        <h1>Notes</h1>
        {problem && <p role="alert">{problem}</p>}
        <form method="post" action="/__SLUG__">
          <p><label>Note <input name="text" required maxlength="500" /></label> <button>Add</button></p>
        </form>
        {notes.length === 0 ? <p>There are no notes yet.</p> : ""}
        <ul>
          {notes.map((note) => <li>{escaped(note.text)}</li>)}
        </ul>
      </body>
    </html>
  );
  return new Response(`<!doctype html>${html}`, {
    status: problem ? 400 : 200,
    headers: { "content-type": "text/html; charset=utf-8" },
  });
}
