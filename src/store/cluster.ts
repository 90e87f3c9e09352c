import { Table, type TableContext } from "./table.ts";

export class ClusterTable extends Table<"cluster"> {
  constructor(context: TableContext) {
    super(context, {
      kind: "cluster",
      nameOf: cluster => cluster.spec.annotations.name,
      nameTaken: name => `name conflicts with an existing object: cluster ${name} already exists`,
    });
  }
}
