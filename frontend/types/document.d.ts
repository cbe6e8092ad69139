/** The text of an operation, with the types of its data and of its variables. */
export interface Document<Data, Variables> {
  readonly text: string;
  readonly parts: readonly string[];
  /** Exists for the type checker only: no document has it. */
  readonly types?: (variables: Variables) => Data;
}

/** The text of a fragment, with those that it spreads. */
export interface Fragment<Name extends string> {
  readonly text: string;
  readonly parts: readonly string[];
  /** Exists for the type checker only: no fragment has it. */
  readonly name?: Name;
}

/** The variables of a call; they may be left out where the document requires none. */
export type VariablesOf<Variables> = {} extends Variables
  ? [variables?: Variables]
  : [variables: Variables];
