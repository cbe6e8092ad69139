// @ts-check
/** Who listens to the streams of a script. */
import { html } from "htm/preact";
import { gql } from "../../lib/documents.js";
import { count } from "../../lib/format.js";
import { useQuery, useRefresh } from "../../lib/load.js";
import { oneLine } from "../../lib/untrusted-text.js";
import { Items } from "./parts.js";

/** @typedef {import("../../types/documents").ScriptStreamsData["scriptStreams"][number]} Stream */

/** Instances report their connections every ten seconds. */
const RELOAD_EVERY_MS = 10_000;

const STREAMS = gql(`query ScriptStreams($slug: String!) {
  scriptStreams(slug: $slug) { channel connections }
}`);

/** @param {import("./parts.js").SettingProps} props */
export function Streams({ slug }) {
  const list = useQuery(STREAMS, { slug });
  useRefresh(list.reload, RELOAD_EVERY_MS);
  return html`<${Items}
    label="Streams"
    items=${list.data?.scriptStreams}
    none="Nobody listens to an event stream or WebSocket now."
    query=${list}
  >
    ${(/** @type {Stream} */ one) =>
      html`<li key=${one.channel}>
        <code>${oneLine(one.channel)}</code>
        <span class="number">${count(one.connections, "connection")}</span>
      </li>`}
  <//>`;
}
