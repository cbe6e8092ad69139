// The pipe over which replies come while a program blocks: see runtimes/reply_pipe.py.

import { PREFIX_BYTES, prefixOf } from "./frames.js";
import { Bytes, decode, view } from "./safe.js";

/**
 * Returns a function that waits for the next reply and returns its `{number, head, body}`.
 *
 * *read* fills bytes and returns their number, null at the end; *ended* is called then.
 */
export function replyReader(read, ended) {
  const prefix = new Bytes(PREFIX_BYTES);

  function fill(bytes, size) {
    for (let at = 0; at < size;) {
      const count = read(view(bytes, at, size));
      if (count === null) ended();
      at += count;
    }
    return bytes;
  }

  return function readReply() {
    const { number, headBytes, bodyBytes } = prefixOf(fill(prefix, PREFIX_BYTES));
    const head = decode(fill(new Bytes(headBytes), headBytes));
    return { number, head, body: fill(new Bytes(bodyBytes), bodyBytes) };
  };
}
