import { Table, type TableContext } from "./table.ts";

export class ExtensionTable extends Table<"extension"> {
  constructor(context: TableContext) {
    super(context, {
      kind: "extension",
      nameOf: extension => extension.annotations.name,
      nameTaken: name => `extension ${name} already exists`,
    });
  }
}
