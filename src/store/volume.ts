import { Table, type TableContext } from "./table.ts";

export class VolumeTable extends Table<"volume"> {
  constructor(context: TableContext) {
    super(context, {
      kind: "volume",
      nameOf: volume => volume.spec.annotations.name,
      nameTaken: name => `volume ${name} already exists`,
    });
  }
}
