import { Fault } from "../lib/fault.ts";
import type { ObjectKind } from "../model/objects.ts";
import type { Change } from "./change.ts";
import type { Table } from "./table.ts";
import type { Tables } from "./tables.ts";
import type { StoreEvent } from "./tx.ts";

/**
 * Makes one committed change in the tables, for good, and says what it was. Fault data_loss when it does not fit what is
 * stored: then this node's state is not what the entry was decided on.
 */
export function commit(tables: Tables, change: Change, version: bigint): StoreEvent {
  return change.action === "remove"
    ? removed(change.kind, tables[change.kind], change.id, version)
    : written(tables[change.kind] as Table<ObjectKind>, change, version);
}

function removed(kind: ObjectKind, table: Pick<Table<ObjectKind>, "delete">, id: string, version: bigint): StoreEvent {
  const object = table.delete(id);
  if (!object) throw mismatch(kind, id, version, "removes what is not there");
  return { kind, action: "remove", version, object } as StoreEvent;
}

function written(
  table: Table<ObjectKind>,
  { kind, action, object }: Exclude<Change, { action: "remove" }>,
  version: bigint,
): StoreEvent {
  const old = table.put(object);
  if (action === "create") {
    if (old) throw mismatch(kind, object.id, version, "creates what is there already");
    return { kind, action, version, object } as StoreEvent;
  }
  if (!old) throw mismatch(kind, object.id, version, "updates what is not there");
  return { kind, action, version, object, old } as StoreEvent;
}

function mismatch(kind: ObjectKind, id: string, version: bigint, reason: string): Fault {
  return new Fault("data_loss", `Cannot apply log entry ${version} to ${kind} ${id}: it ${reason}`);
}
