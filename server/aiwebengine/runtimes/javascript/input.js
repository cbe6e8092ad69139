// The streamed input of a call.

import { byteLength } from "./safe.js";

const NativeResponse = Response;

/** A stream that INPUT frames fill. */
export class Input {
  stream;
  #controller;
  #open = true;

  constructor(begun) {
    this.stream = new ReadableStream({
      start: (controller) => void (this.#controller = controller),
      cancel: () => void (this.#open = false),
    });
    if (byteLength(begun) > 0) this.push(begun);
  }

  push(bytes) {
    if (this.#open) this.#controller.enqueue(bytes);
  }

  end() {
    if (this.#open) this.#controller.close();
    this.#open = false;
  }

  abort(reason) {
    if (this.#open) this.#controller.error(reason);
    this.#open = false;
  }

  /** All of it, once it has ended. */
  whole() {
    return new NativeResponse(this.stream).bytes();
  }
}
