import { Table, type TableContext } from "./table.ts";

/** Nodes go by their hostname, which several may share. */
export class NodeTable extends Table<"node"> {
  constructor(context: TableContext) {
    super(context, { kind: "node", nameOf: node => node.description?.hostname ?? "" });
  }
}
