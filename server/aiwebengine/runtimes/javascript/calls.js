// Calls: from the CALL frame to the last frame about them.

import {
  ANSWER,
  ANSWER_OPEN,
  ANSWER_WORKING,
  FAILED,
  OUTPUT,
  OUTPUT_END,
  OUTPUT_END_WORKING,
  SETTLED,
} from "./frames.js";
import { Asking } from "./host.js";
import { Input } from "./input.js";
import { errorHead } from "./positions.js";
import { Bytes, SafeMap, byteLength, encode, isPrototypeOf, then, view } from "./safe.js";

// Author code can replace the globals.
const { AbortController, DOMException, Promise, RangeError, TypeError, setTimeout } = globalThis;

// Unread bytes of an answer's body, as in protocol.py.
const WINDOW = 1 << 20;
const PIECE_BYTES = 1 << 16;
// A longer body goes in pieces, as fast as it is read.
const WHOLE_BYTES = 1 << 18;
// Status and headers, as JSON. The host ends a process whose frames are too long.
const LONGEST_HEAD = 1 << 17;

// A call runs until its answer begins, works after its answer while promises are waited for.
const RUNNING = 0;
const STREAMING = 1;
const WORKING = 2;
const OVER = 3;

/** The calls that are not over, by number. */
export class Calls {
  #calls = new SafeMap();
  send;
  log;
  positions;
  maxAnswer;

  constructor({ send, log, positions, maxAnswer }) {
    this.send = send;
    this.log = log;
    this.positions = positions;
    this.maxAnswer = maxAnswer;
  }

  /** A new call; *begun* is the beginning of an input that streams, else null. */
  open(number, begun) {
    const call = new Call(this, number, begun);
    this.#calls.set(number, call);
    return call;
  }

  get(number) {
    return this.#calls.get(number);
  }

  forget(number) {
    this.#calls.delete(number);
  }
}

/** One call. What is done to a call that is over has no effect. */
export class Call {
  #calls;
  #number;
  #state = RUNNING;
  #working = 0;
  #controller = null;
  #cancelled = false;
  #reader = null;
  #unread = 0;
  #answered = 0;
  #onCredit = null;
  #asking = null;
  /** The streamed input; null if all of it came with the call. */
  input;

  constructor(calls, number, begun) {
    this.#calls = calls;
    this.#number = number;
    this.input = begun === null ? null : new Input(begun);
  }

  /** The number for log lines: 0 when the host knows the call no more. */
  get number() {
    return this.#state === OVER ? 0 : this.#number;
  }

  /** What it has asked the host. */
  get asking() {
    return (this.#asking ??= new Asking());
  }

  /** Aborts when nobody waits for the answer any more. */
  get signal() {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#cancelled) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  /** Answers with a whole body, text or bytes. *head* is JSON. */
  answer(head, body) {
    if (this.#state !== RUNNING || !this.#fitsHead(head)) return;
    const { maxAnswer } = this.#calls;
    // A UTF-16 unit takes three bytes of UTF-8 at most.
    const most = typeof body === "string" ? 3 * body.length : 0;
    if (most > WHOLE_BYTES || most > maxAnswer) body = encode(body);
    const size = typeof body === "string" ? 0 : byteLength(body);
    if (size <= WHOLE_BYTES && size <= maxAnswer) {
      this.#finish(ANSWER, ANSWER_WORKING, head, body);
    } else if (this.#fits(size)) {
      this.#state = STREAMING;
      this.#calls.send(ANSWER_OPEN, this.#number, head);
      then(this.#sendPieces(body), () => this.#endOutput());
    }
  }

  /** Answers with a body that is read from a ReadableStream. Resolves when it ended. */
  async stream(head, body) {
    if (this.#state !== RUNNING || !this.#fitsHead(head)) return;
    this.#state = STREAMING;
    this.#reader = body.getReader();
    this.#calls.send(ANSWER_OPEN, this.#number, head);
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (this.#state !== STREAMING) return;
        if (done) break;
        if (!isPrototypeOf(Bytes.prototype, value)) {
          throw new TypeError(`the body's stream gave ${typeof value}, not a Uint8Array`);
        }
        if (!this.#fits(this.#answered + byteLength(value))) return;
        await this.#sendPieces(value);
      }
    } catch (error) {
      this.fail(error);
      return;
    }
    this.#endOutput();
  }

  /** Ends the call with an error. */
  fail(error) {
    if (this.#state !== RUNNING && this.#state !== STREAMING) return;
    const { send, positions } = this.#calls;
    send(FAILED, this.#number, errorHead(positions.describe(error)));
    this.#end();
  }

  /** Keeps the call open until *promise* settles. A rejection is logged. */
  waitUntil(promise) {
    this.#working++;
    const settled = () => {
      this.#working--;
      if (this.#working === 0 && this.#state === WORKING) this.#settle();
    };
    then(Promise.resolve(promise), settled, (error) => {
      this.#calls.log.error("waitUntil", error, this.number);
      settled();
    });
  }

  /** Keeps the call open until `release`: a question is on its way to the host. */
  hold() {
    this.#working++;
  }

  /** The reply has come. What continues with it may ask again. */
  release() {
    this.#working--;
    if (this.#working > 0 || this.#state !== WORKING) return;
    setTimeout(() => {
      if (this.#working === 0 && this.#state === WORKING) this.#settle();
    }, 0);
  }

  /** Nobody waits for the answer: ends the call, but for what `waitUntil` got while it streamed. */
  cancel() {
    this.#cancelled = true;
    const streamed = this.#state === STREAMING;
    this.#state = streamed && this.#working > 0 ? WORKING : this.#state;
    if (this.#state !== WORKING || !streamed) this.#settle();
    const reason = new DOMException("Nobody waits for the answer any more", "AbortError");
    this.#onCredit?.();
    this.input?.abort(reason);
    if (this.#reader !== null) then(this.#reader.cancel(reason), undefined, () => {});
    this.#controller?.abort(reason);
  }

  /** The reader took *bytes* of the body. */
  credit(bytes) {
    this.#unread -= bytes;
    this.#onCredit?.();
  }

  #fitsHead({ length }) {
    if (length <= LONGEST_HEAD) return true;
    const most = `at most ${LONGEST_HEAD} are sent`;
    this.fail(new RangeError(`the answer's headers have ${length} characters; ${most}`));
    return false;
  }

  #fits(size) {
    const { maxAnswer } = this.#calls;
    if (size <= maxAnswer) return true;
    this.fail(
      new RangeError(`the answer has ${size} bytes or more; at most ${maxAnswer} are sent`),
    );
    return false;
  }

  async #sendPieces(bytes) {
    const size = byteLength(bytes);
    this.#answered += size;
    for (let at = 0; at < size; at += PIECE_BYTES) {
      const end = size < at + PIECE_BYTES ? size : at + PIECE_BYTES;
      while (this.#state === STREAMING && this.#unread + end - at > WINDOW) {
        await new Promise((resolve) => (this.#onCredit = resolve));
      }
      if (this.#state !== STREAMING) return;
      this.#unread += end - at;
      this.#calls.send(OUTPUT, this.#number, "", view(bytes, at, end));
    }
  }

  #endOutput() {
    if (this.#state === STREAMING) this.#finish(OUTPUT_END, OUTPUT_END_WORKING, "", "");
  }

  #finish(kind, kindWorking, head, body) {
    this.#calls.send(this.#working > 0 ? kindWorking : kind, this.#number, head, body);
    if (this.#working > 0) this.#state = WORKING;
    else this.#end();
  }

  #settle() {
    if (this.#state === OVER) return;
    this.#calls.send(SETTLED, this.#number);
    this.#end();
  }

  #end() {
    this.#state = OVER;
    this.#calls.forget(this.#number);
  }
}
