/** Something of the source, for messages about it. */
interface Spot {
  /** Offset that Go would name for it. */
  readonly position: number;
  /** How it is written. */
  readonly source: string;
}

export type Operand = Spot &
  (
    | { readonly kind: "literal"; readonly value: string | number | boolean | undefined }
    | { readonly kind: "dot" }
    /** `.A.B`, `$x.A` or `(…).A`: fields of what `base` is; positions are those of each field. */
    | { readonly kind: "fields"; readonly base: Operand; readonly fields: readonly Field[] }
    | { readonly kind: "variable"; readonly name: string }
    | { readonly kind: "function"; readonly name: string }
    | { readonly kind: "pipeline"; readonly pipeline: Pipeline }
  );

export interface Field {
  readonly name: string;
  readonly position: number;
}

/** One step of a pipeline: an operand, or a function with its arguments. */
export interface Command extends Spot {
  readonly first: Operand;
  readonly rest: readonly Operand[];
}

export interface Pipeline {
  /** `$x` or `$key, $value` that it is given to. */
  readonly declares: readonly string[];
  readonly commands: readonly Command[];
}

export type Block = readonly Statement[];

export type Statement =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "show"; readonly pipeline: Pipeline; readonly position: number }
  | {
      readonly kind: "if" | "with" | "range";
      readonly pipeline: Pipeline;
      readonly position: number;
      readonly body: Block;
      readonly otherwise: Block;
    };
