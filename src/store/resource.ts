import { Table, type TableContext } from "./table.ts";

export class ResourceTable extends Table<"resource"> {
  constructor(context: TableContext) {
    super(context, {
      kind: "resource",
      nameOf: resource => resource.annotations.name,
      nameTaken: name => `A resource with name ${name} already exists`,
    });
  }
}
