import { Table, type TableContext } from "./table.ts";

export class NetworkTable extends Table<"network"> {
  constructor(context: TableContext) {
    super(context, {
      kind: "network",
      nameOf: network => network.spec.annotations.name,
      nameTaken: name => `network with name ${name} already exists`,
    });
  }
}
