import { Table, type TableContext } from "./table.ts";

export class ConfigTable extends Table<"config"> {
  constructor(context: TableContext) {
    super(context, {
      kind: "config",
      nameOf: config => config.spec.annotations.name,
      nameTaken: name => `config ${name} already exists`,
    });
  }
}
