import { create } from "@bufbuild/protobuf";
import { configSpecBody, toConfigSpec } from "../../src/docker-api/convert/config.ts";
import { secretSpecBody, toSecretSpec } from "../../src/docker-api/convert/secret.ts";
import { checkShape } from "../../src/docker-api/schema.ts";
import type * as Model from "../../src/model/objects.ts";
import type { Task } from "../../src/model/task.ts";
import type { WriteTx } from "../../src/store/tx.ts";
import { ConfigSchema, SecretSchema } from "../../src/wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { idOf, type Kind, nameOf } from "./observation.ts";
import { type RecordedMeta, toMeta } from "./recorded.ts";
import { type RecordedNetwork, toNetwork } from "./recorded-network.ts";
import { type RecordedCluster, type RecordedNode, toCluster, toNode } from "./recorded-node.ts";
import { type RecordedService, type RecordedTask, toService, toTask } from "./recorded-service.ts";

/** Stores a recorded object in place of what has its id or, for kinds with unique names, its name. */
export function put(tx: WriteTx, kind: Kind, object: object): void {
  const putters: Readonly<Record<Kind, () => void>> = {
    cluster: () => place(tx.cluster, withTokens(tx, toCluster(object as RecordedCluster) as Model.Cluster)),
    node: () => place(tx.node, toNode(object as RecordedNode) as Model.Node),
    network: () => {
      takeName(tx.network, object);
      place(tx.network, toNetwork(object as RecordedNetwork) as Model.Network);
    },
    service: () => {
      takeName(tx.service, object);
      place(tx.service, toService(object as RecordedService) as Model.Service);
    },
    secret: () => place(tx.secret, toSecret(object, takeName(tx.secret, object))),
    config: () => place(tx.config, toConfig(object, takeName(tx.config, object))),
    task: () => {
      const recorded = object as RecordedTask;
      place(tx.task, toTask(recorded, tx.service.get(recorded.ServiceID ?? "")) as Task);
    },
  };
  putters[kind]();
}

interface Table<T> {
  get(id: string): T | undefined;
  create(object: T): T;
  update(object: T): T;
}

function place<T extends { readonly id: string; readonly meta: Model.Node["meta"] }>(table: Table<T>, object: T): void {
  const stored = table.get(object.id);
  if (stored) table.update({ ...object, meta: stored.meta });
  else table.create(object);
}

interface NameTable<T> {
  byName(name: string): T[];
  remove(id: string): void;
}

/** Makes way for an object with this name; returns what had it. */
function takeName<T extends { readonly id: string }>(table: NameTable<T>, object: object): T | undefined {
  const [namesake] = table.byName(nameOf(object));
  if (namesake && namesake.id !== idOf(object)) table.remove(namesake.id);
  return namesake;
}

/** Removes the objects of a kind that `isGone` picks. */
export function removeWhere(
  tx: WriteTx,
  kind: Kind,
  isGone: (object: { readonly id: string; readonly name: string }) => boolean,
): void {
  const all: Iterable<{ readonly id: string; readonly spec: object }> = tx[kind].all();
  for (const { id, spec } of [...all]) if (isGone({ id, name: nameIn(spec) })) tx[kind].remove(id);
}

function nameIn(spec: object): string {
  const annotations: unknown = Reflect.get(spec, "annotations");
  return typeof annotations === "object" && annotations !== null ? String(Reflect.get(annotations, "name")) : "";
}

/** `/info` shows a cluster without its tokens: they stay what they were. */
function withTokens(tx: WriteTx, cluster: Model.Cluster): Model.Cluster {
  const tokens = tx.cluster.get(cluster.id)?.rootCa?.joinTokens;
  const { rootCa } = cluster;
  if (!rootCa || !tokens || rootCa.joinTokens?.worker !== "") return cluster;
  return { ...cluster, rootCa: { ...rootCa, joinTokens: tokens } };
}

type RecordedData = RecordedMeta & { readonly ID: string; readonly Spec: { readonly Data?: string } };

/** Answers do not show a secret's data: it stays what it was. */
function toSecret(object: object, before: Model.Secret | undefined): Model.Secret {
  const { ID, Spec, ...meta } = object as RecordedData;
  const spec = toSecretSpec(checkShape(secretSpecBody, structuredClone(Spec)));
  const data = Spec.Data === undefined ? (before?.spec.data ?? Buffer.from("x")) : spec.data;
  return create(SecretSchema, { id: ID, meta: toMeta(meta), spec: { ...spec, data } }) as Model.Secret;
}

function toConfig(object: object, before: Model.Config | undefined): Model.Config {
  const { ID, Spec, ...meta } = object as RecordedData;
  const spec = toConfigSpec(checkShape(configSpecBody, structuredClone(Spec)));
  const data = Spec.Data === undefined ? (before?.spec.data ?? Buffer.from("x")) : spec.data;
  return create(ConfigSchema, { id: ID, meta: toMeta(meta), spec: { ...spec, data } }) as Model.Config;
}
