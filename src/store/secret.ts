import { Table, type TableContext } from "./table.ts";

export class SecretTable extends Table<"secret"> {
  constructor(context: TableContext) {
    super(context, {
      kind: "secret",
      nameOf: secret => secret.spec.annotations.name,
      nameTaken: name => `secret ${name} already exists`,
    });
  }
}
