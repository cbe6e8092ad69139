// Frames on standard input and output: see runtimes/protocol.py.

import { Bytes, byteLength, decode, encode, encodeInto, setBytes, view } from "./safe.js";

export const CALL = 10;
export const CALL_OPEN = 11;
export const INPUT = 12;
export const INPUT_END = 13;
export const CANCEL = 14;
export const CREDIT = 15;
export const REPLY = 16;
export const PING = 17;
export const READY = 30;
export const NOT_READY = 31;
export const ANSWER = 32;
export const ANSWER_OPEN = 33;
export const OUTPUT = 34;
export const OUTPUT_END = 35;
export const ANSWER_WORKING = 36;
export const OUTPUT_END_WORKING = 37;
export const SETTLED = 38;
export const FAILED = 39;
export const LOG = 40;
export const ASK = 41;
export const PONG = 42;

const LENGTH_BYTES = 4;
export const PREFIX_BYTES = 17;
const QUESTION_BYTES = 9;
const BUFFER_BYTES = 1 << 16;
const NOTHING = new Bytes(0);

/** The unsigned number of four bytes at *at*, the lowest first. */
export function readU32(bytes, at) {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

function writeU32(bytes, at, number) {
  bytes[at] = number;
  bytes[at + 1] = number >>> 8;
  bytes[at + 2] = number >>> 16;
  bytes[at + 3] = number >>> 24;
}

function writePrefix(bytes, kind, call, headBytes, bodyBytes) {
  writeU32(bytes, 0, PREFIX_BYTES - LENGTH_BYTES + headBytes + bodyBytes);
  bytes[LENGTH_BYTES] = kind;
  writeU32(bytes, 5, 0);
  writeU32(bytes, 9, call);
  writeU32(bytes, 13, headBytes);
}

/** The body of ASK: a QUESTION of protocol.py, then *body*. */
export function questionBody(number, blocks, body) {
  const bytes = new Bytes(QUESTION_BYTES + byteLength(body));
  writeU32(bytes, 0, number);
  bytes[8] = blocks ? 1 : 0;
  setBytes(bytes, body, QUESTION_BYTES);
  return bytes;
}

/** What the beginning of a frame says. */
export function prefixOf(bytes) {
  const headBytes = readU32(bytes, 13);
  const bodyBytes = readU32(bytes, 0) - (PREFIX_BYTES - LENGTH_BYTES) - headBytes;
  return { number: readU32(bytes, 9), headBytes, bodyBytes };
}

/**
 * Returns `send(kind, call, head, body)`: *head* is text, *body* text or bytes.
 *
 * *write* takes bytes and returns how many of them it wrote. A frame is written when `send` returns.
 */
export function frameWriter(write) {
  const buffer = new ArrayBuffer(BUFFER_BYTES);
  const scratch = new Bytes(buffer);
  const afterPrefix = new Bytes(buffer, PREFIX_BYTES);

  function writeAll(bytes, length) {
    let done = write(bytes);
    while (done < length) done += write(view(bytes, done));
  }

  function sendLong(kind, call, head, body) {
    const headBytes = encode(head);
    const bodyBytes = typeof body === "string" ? encode(body) : body;
    const headLength = byteLength(headBytes);
    const bodyLength = byteLength(bodyBytes);
    const start = new Bytes(PREFIX_BYTES + headLength);
    writePrefix(start, kind, call, headLength, bodyLength);
    setBytes(start, headBytes, PREFIX_BYTES);
    writeAll(start, PREFIX_BYTES + headLength);
    if (bodyLength > 0) writeAll(bodyBytes, bodyLength);
  }

  return function send(kind, call, head = "", body = "") {
    const isText = typeof body === "string";
    // A UTF-16 unit takes three bytes of UTF-8 at most.
    const most = 3 * head.length + (isText ? 3 * body.length : byteLength(body));
    if (most > BUFFER_BYTES - PREFIX_BYTES) return sendLong(kind, call, head, body);
    const headBytes = head === "" ? 0 : encodeInto(head, afterPrefix);
    const bodyAt = PREFIX_BYTES + headBytes;
    let bodyBytes;
    if (isText) {
      bodyBytes = body === "" ? 0 : encodeInto(body, new Bytes(buffer, bodyAt));
    } else {
      setBytes(scratch, body, bodyAt);
      bodyBytes = byteLength(body);
    }
    writePrefix(scratch, kind, call, headBytes, bodyBytes);
    writeAll(new Bytes(buffer, 0, bodyAt + bodyBytes), bodyAt + bodyBytes);
  };
}

/**
 * Calls `receive(kind, call, head, body)` for each frame until the input ends: *head* is text, *body*
 * bytes of its own. *read* fills bytes and resolves to their number, or null at the end.
 */
export async function readFrames(read, receive) {
  // Without array patterns: they use the iterator of arrays, which author code can change.
  const usual = new Bytes(BUFFER_BYTES);
  let buffer = usual;
  let size = BUFFER_BYTES;
  let start = 0;
  let end = 0;
  for (;;) {
    const count = await read(view(buffer, end, size));
    if (count === null) return;
    end += count;
    while (end - start >= LENGTH_BYTES) {
      const next = start + LENGTH_BYTES + readU32(buffer, start);
      if (next > end) break;
      const headAt = start + PREFIX_BYTES;
      const bodyAt = headAt + readU32(buffer, start + 13);
      receive(
        buffer[start + LENGTH_BYTES],
        readU32(buffer, start + 9),
        bodyAt > headAt ? decode(view(buffer, headAt, bodyAt)) : "",
        next > bodyAt ? new Bytes(view(buffer, bodyAt, next)) : NOTHING,
      );
      start = next;
    }
    const left = end - start;
    if (left === 0) {
      buffer = usual;
      size = BUFFER_BYTES;
      start = end = 0;
      continue;
    }
    const needed = LENGTH_BYTES + (left < LENGTH_BYTES ? 0 : readU32(buffer, start));
    if (start + needed <= size) continue;
    // The rest of this frame doesn't fit behind its start: the start moves to a buffer for all of it.
    const rest = view(buffer, start, end);
    size = needed > BUFFER_BYTES ? needed : BUFFER_BYTES;
    buffer = new Bytes(size);
    setBytes(buffer, rest);
    start = 0;
    end = left;
  }
}
