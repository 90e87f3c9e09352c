import { create } from "@bufbuild/protobuf";
import { Fault } from "../../lib/fault.ts";
import { newMeta } from "../../model/objects.ts";
import type { ReadTx, WriteTx } from "../../store/tx.ts";
import { ConfigSchema } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { type InternalRaftRequest, StoreActionKind } from "../../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import { ConfigSpecSchema } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { AnnotationsSchema } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { appended, type RegisterInput } from "../register-history.ts";

/** A config of each key's name holds its value and the name of the write that made it, as labels. */
const [valueLabel, writerLabel] = ["value", "writer"];

export type RegisterChange = Exclude<RegisterInput, { readonly kind: "read" }>;

/** A key's value; "" when there is none. */
export function readRegister(tx: ReadTx, key: string): string {
  return tx.config.byName(key)[0]?.spec.annotations.labels[valueLabel] ?? "";
}

/** Makes a change, in the name of `writer`, whose name is a new object's id. Fault not_found when there is nothing to remove. */
export function changeRegister(tx: WriteTx, key: string, change: RegisterChange, writer: string): void {
  const [config] = tx.config.byName(key);
  if (change.kind === "remove") {
    if (!config) throw new Fault("not_found", `there is no ${key}`);
    tx.config.remove(config.id);
    return;
  }
  const value = change.kind === "append" ? appended(readRegister(tx, key), change.value) : change.value;
  const labels = { [valueLabel]: value, [writerLabel]: writer };
  const annotations = create(AnnotationsSchema, { name: key, labels });
  const spec = { ...create(ConfigSpecSchema), annotations };
  if (config) tx.config.update({ ...config, spec });
  else tx.config.create({ ...create(ConfigSchema, { id: writer }), meta: newMeta(), spec });
}

/** Whose writes an entry of the log holds. */
export function* writersOf({ action }: InternalRaftRequest): Iterable<string> {
  for (const { action: kind, target } of action) {
    if (kind === StoreActionKind.STORE_ACTION_REMOVE) continue;
    const writer = target.case === "config" ? target.value.spec?.annotations?.labels[writerLabel] : undefined;
    if (writer !== undefined) yield writer;
  }
}
