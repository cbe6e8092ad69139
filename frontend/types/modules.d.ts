// What the bundled modules are to the type checker.
declare module "htm/preact" {
  import type { VNode } from "preact";
  export function html(strings: TemplateStringsArray, ...values: unknown[]): VNode;
}

// The library says `any`, which would pass unchecked from here on.
interface JSON {
  parse(text: string): unknown;
}
interface Body {
  json(): Promise<unknown>;
}
