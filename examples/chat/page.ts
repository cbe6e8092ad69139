// The page of a room. The name of the room comes from the address, so it is escaped.

export const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

export function page(room: string): Response {
  const path = `/chat/${encodeURIComponent(room)}`;
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(room)}</title>
<h1>${escaped(room)}</h1>
<p role="status" id="state">Connecting …</p>
<ol id="messages" aria-live="polite"></ol>
<form id="form"><label>Message <input id="text" required maxlength="500"></label> <button>Send</button></form>
<script>
  const state = document.getElementById("state");
  const messages = document.getElementById("messages");
  const text = document.getElementById("text");
  const events = new EventSource("${path}/messages");
  events.onopen = () => { state.textContent = "Connected"; };
  events.onerror = () => { state.textContent = "Reconnecting …"; };
  events.onmessage = (event) => {
    const item = document.createElement("li");
    item.textContent = JSON.parse(event.data).text;
    messages.append(item);
  };
  document.getElementById("form").onsubmit = async (event) => {
    event.preventDefault();
    const answer = await fetch("${path}", { method: "POST", body: text.value });
    if (answer.ok) text.value = "";
    else state.textContent = "Not sent: " + await answer.text();
  };
</script>
</html>`;
  return new Response(html, { headers: { "content-type": "text/html; charset=utf-8" } });
}
