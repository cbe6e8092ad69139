// @ts-check
/** The form that sends a message over a WebSocket. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";

/** @param {{ isOpen: boolean, send: (text: string) => boolean }} props */
export function MessageForm({ isOpen, send }) {
  const [text, setText] = useState("");
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    if (send(text)) setText("");
  };
  return html`<form class="live-message" aria-label="Message" onSubmit=${submit}>
    <label class="field">
      Message
      <textarea
        rows="2"
        spellcheck="false"
        value=${text}
        onInput=${(/** @type {{ target: HTMLTextAreaElement }} */ { target }) =>
          setText(target.value)}
      />
    </label>
    <button class="btn" disabled=${!isOpen} title=${isOpen ? null : "It is not open yet."}>
      Send
    </button>
  </form>`;
}
