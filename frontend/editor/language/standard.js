// @ts-check
/** Members of the web's own objects that scripts use most: names and signatures, by chain. */

/** @type {Record<string, readonly (readonly [string, string])[]>} */
export const STANDARD = {
  request: [
    ["method", ": string"],
    ["url", ": string"],
    ["headers", ": Headers"],
    ["json", "(): Promise<any>"],
    ["text", "(): Promise<string>"],
    ["formData", "(): Promise<FormData>"],
    ["arrayBuffer", "(): Promise<ArrayBuffer>"],
    ["bytes", "(): Promise<Uint8Array>"],
    ["body", ": ReadableStream | null"],
    ["signal", ": AbortSignal"],
  ],
  "request.headers": [
    ["get", "(name: string): string | null"],
    ["has", "(name: string): boolean"],
    ["entries", "(): Iterator<[string, string]>"],
  ],
  Response: [
    ["json", "(data: any, init?: ResponseInit): Response"],
    ["redirect", "(url: string | URL, status?: number): Response"],
    ["error", "(): Response"],
  ],
  crypto: [
    ["randomUUID", "(): string"],
    ["getRandomValues", "(array: Uint8Array): Uint8Array"],
    ["subtle", ": SubtleCrypto"],
  ],
  JSON: [
    ["parse", "(text: string): any"],
    ["stringify", "(value: any, replacer?: null, space?: number): string"],
  ],
  Object: [
    ["keys", "(value: object): string[]"],
    ["values", "(value: object): any[]"],
    ["entries", "(value: object): [string, any][]"],
    ["fromEntries", "(entries: Iterable<[string, any]>): object"],
    ["groupBy", "(items: Iterable<any>, key: (item: any) => string): object"],
  ],
  Math: ["abs", "ceil", "floor", "round", "max", "min", "random", "sqrt", "trunc"].map(
    (name) => /** @type {const} */ ([name, "(…): number"]),
  ),
  Date: [
    ["now", "(): number"],
    ["parse", "(text: string): number"],
    ["UTC", "(year: number, month: number, …): number"],
  ],
};
