// What the bundled modules are to the type checker.
declare module "htm/preact" {
  import type { VNode } from "preact";
  export function html(strings: TemplateStringsArray, ...values: unknown[]): VNode;
}
