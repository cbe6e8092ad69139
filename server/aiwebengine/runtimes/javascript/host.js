// Questions to the host: ASK frames, and the REPLY frames that answer them; see protocol.py.

import { ASK, questionBody } from "./frames.js";
import {
  Bytes,
  SafeMap,
  byteLength,
  defineProperty,
  indexOf,
  isPrototypeOf,
  parse,
  slice,
  stringify,
} from "./safe.js";

// Author code can replace the globals.
const { Error, Promise, String, TypeError } = globalThis;

// As in questions.py: the host ends a process that exceeds them.
const MOST_UNANSWERED = 31;
const MOST_QUESTIONS = 10_000;
const LONGEST_HEAD = 300_000;
const LARGEST_BODY = 10_000_000;
const MOST_UNANSWERED_BYTES = 20_000_000;
const NO_BODY = new Bytes(0);
const OVER = { code: "CANCELLED", message: "The call is over" };

/** What the host answers instead of a value. `code` is the engine's, such as "NOT_FOUND". */
export class HostError extends Error {
  // `name` stays that of Error: the message is the author's sentence.
  code;
  /** What else the engine says about it, such as the number of seconds to wait. */
  extensions;

  constructor(code, message, extensions) {
    super(message);
    this.code = code;
    this.extensions = extensions ?? {};
  }
}

/** How many questions a call, or the load, has asked. */
export class Asking {
  count = 0;
  unanswered = 0;
}

/** The load of the program, which asks like a call. */
export class Load {
  number = 0;
  asking = new Asking();
  isOpen = true;
}

/**
 * Asks the host.
 *
 * *current* returns the running call, or the load; undefined outside of both. *readReply* blocks
 * until a reply comes over the pipe and returns its `{number, head, body}`; null for a program that
 * doesn't block.
 */
export class Host {
  #send;
  #current;
  #readReply;
  #last = 0;
  #questions = new SafeMap();
  #bytes = 0;
  #waiting = [];

  constructor({ send, current, readReply }) {
    this.#send = send;
    this.#current = current;
    this.#readReply = readReply;
  }

  /**
   * Resolves to `{value, body}`. *args* is an array of JSON values, *body* bytes or undefined.
   *
   * Rejects with a HostError whose stack is that of the caller.
   */
  ask(operation, args, body = NO_BODY) {
    const trace = new Error("");
    return new Promise((resolve, reject) => {
      const question = this.#question(operation, args, body, trace);
      question.resolve = resolve;
      question.reject = reject;
      question.call.hold?.();
      if (this.#mayAsk(question)) this.#put(question, false);
      else this.#waiting[this.#waiting.length] = question;
    });
  }

  /** The same, but blocks everything in the process until the reply is there. */
  askNow(operation, args, body = NO_BODY) {
    if (this.#readReply === null) {
      throw new TypeError(`${operation} can't block here: only the classic form has that`);
    }
    const question = this.#question(operation, args, body, new Error(""));
    this.#put(question, true);
    for (;;) {
      const reply = this.#readReply();
      if (reply.number !== question.number) continue;
      this.#forget(question);
      const { error, value } = parse(reply.head);
      if (error !== undefined) throw errorOf(error, question.trace);
      return { value, body: reply.body };
    }
  }

  /** A REPLY frame has come. */
  receive(number, head, body) {
    const question = this.#questions.get(number);
    if (question === undefined) return;
    this.#forget(question);
    const { error, value } = parse(head);
    if (error !== undefined) question.reject(errorOf(error, question.trace));
    else question.resolve({ value, body });
    question.call.release?.();
    this.#putNext();
  }

  #question(operation, args, body, trace) {
    const call = this.#current();
    if (!isOpen(call)) {
      throw new TypeError(`${operation} is only possible inside a handler`);
    }
    if (!isPrototypeOf(Bytes.prototype, body)) throw new TypeError("the body must be a Uint8Array");
    const text = stringify(args);
    if (text.length > LONGEST_HEAD) {
      const found = `${text.length} characters of arguments`;
      throw limit(`${operation}: ${found}; allowed: ${LONGEST_HEAD}`, trace);
    }
    const size = byteLength(body);
    if (size > LARGEST_BODY) {
      throw limit(`${operation}: ${size} bytes; allowed: ${LARGEST_BODY}`, trace);
    }
    const { asking } = call;
    if (asking.count >= MOST_QUESTIONS) {
      throw limit(`${operation}: one call may ask the engine ${MOST_QUESTIONS} times`, trace);
    }
    asking.count++;
    return { call, operation, text, body, size, trace, number: 0, resolve: null, reject: null };
  }

  #mayAsk({ call, size }) {
    const fits = this.#bytes === 0 || this.#bytes + size <= MOST_UNANSWERED_BYTES;
    return fits && call.asking.unanswered < MOST_UNANSWERED;
  }

  #put(question, blocks) {
    const { call, operation, text, body, size } = question;
    const number = (question.number = ++this.#last);
    this.#questions.set(number, question);
    this.#bytes += size;
    call.asking.unanswered++;
    const head = `{"operation":${stringify(operation)},"arguments":${text}}`;
    this.#send(ASK, call.number, head, questionBody(number, blocks, body));
    question.body = NO_BODY;
  }

  #forget({ number, size, call }) {
    this.#questions.delete(number);
    this.#bytes -= size;
    call.asking.unanswered--;
  }

  #putNext() {
    // By index: author code can change the iterator of arrays.
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (let at = 0; at < waiting.length; at++) {
      const question = waiting[at];
      if (!isOpen(question.call)) {
        question.reject(errorOf(OVER, question.trace));
      } else if (this.#mayAsk(question)) {
        this.#put(question, false);
      } else {
        this.#waiting[this.#waiting.length] = question;
      }
    }
  }
}

/** Whether a call may still ask: a call that is over has the number 0. */
function isOpen(call) {
  return call !== undefined && (call.number !== 0 || call.isOpen === true);
}

function limit(message, trace) {
  return errorOf({ code: "LIMIT", message }, trace);
}

function errorOf({ code, message, extensions }, trace) {
  const error = new HostError(code, message, extensions);
  defineProperty(error, "stack", {
    value: `${message}${framesOf(trace)}`,
    writable: true,
    configurable: true,
  });
  return error;
}

/** The lines of a stack after the message. */
function framesOf({ stack }) {
  const text = String(stack);
  const at = indexOf(text, "\n");
  return at < 0 ? "" : slice(text, at);
}
