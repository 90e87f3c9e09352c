import type { ObjectKind, ObjectTypes } from "../model/objects.ts";

/** One net change of a transaction: what became of an object, whatever happened on the way. */
export type Change = {
  [K in ObjectKind]:
    | { readonly kind: K; readonly action: "create" | "update"; readonly object: ObjectTypes[K] }
    | { readonly kind: K; readonly action: "remove"; readonly id: string };
}[ObjectKind];
