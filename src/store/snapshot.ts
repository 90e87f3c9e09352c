import { create } from "@bufbuild/protobuf";
import { type StoreSnapshot, StoreSnapshotSchema } from "../wire/gen/docker/swarmkit/v1/snapshot_pb.ts";
import { narrow } from "./narrow.ts";
import type { Tables } from "./tables.ts";

/** All objects as one message. It shares them with the tables, so it costs little until it is encoded. */
export function takeSnapshot(tables: Tables): StoreSnapshot {
  return create(StoreSnapshotSchema, {
    nodes: [...tables.node.all()],
    services: [...tables.service.all()],
    networks: [...tables.network.all()],
    tasks: [...tables.task.all()],
    clusters: [...tables.cluster.all()],
    secrets: [...tables.secret.all()],
    resources: [...tables.resource.all()],
    extensions: [...tables.extension.all()],
    configs: [...tables.config.all()],
    volumes: [...tables.volume.all()],
  });
}

/** Makes the tables hold what the snapshot does and nothing else. */
export function loadSnapshot(tables: Tables, snapshot: StoreSnapshot): void {
  for (const table of Object.values(tables)) table.clear();
  for (const node of snapshot.nodes) tables.node.put(narrow.node(node));
  for (const service of snapshot.services) tables.service.put(narrow.service(service));
  for (const network of snapshot.networks) tables.network.put(narrow.network(network));
  for (const task of snapshot.tasks) tables.task.put(narrow.task(task));
  for (const cluster of snapshot.clusters) tables.cluster.put(narrow.cluster(cluster));
  for (const secret of snapshot.secrets) tables.secret.put(narrow.secret(secret));
  for (const resource of snapshot.resources) tables.resource.put(narrow.resource(resource));
  for (const extension of snapshot.extensions) tables.extension.put(narrow.extension(extension));
  for (const config of snapshot.configs) tables.config.put(narrow.config(config));
  for (const volume of snapshot.volumes) tables.volume.put(narrow.volume(volume));
}
