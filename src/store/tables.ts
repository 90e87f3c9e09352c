import type { ObjectKind } from "../model/objects.ts";
import { ClusterTable } from "./cluster.ts";
import { ConfigTable } from "./config.ts";
import { ExtensionTable } from "./extension.ts";
import { NetworkTable } from "./network.ts";
import { NodeTable } from "./node.ts";
import { ResourceTable } from "./resource.ts";
import { SecretTable } from "./secret.ts";
import { ServiceTable } from "./service.ts";
import type { Table, TableContext } from "./table.ts";
import { TaskTable } from "./task.ts";
import type { WriteTx } from "./tx.ts";
import { VolumeTable } from "./volume.ts";

/** All tables by the kind of object in them. They are what transactions see, too. */
export type Tables = WriteTx & { readonly [K in ObjectKind]: Table<K> };

export function newTables(context: TableContext): Tables {
  return {
    node: new NodeTable(context),
    service: new ServiceTable(context),
    task: new TaskTable(context),
    network: new NetworkTable(context),
    cluster: new ClusterTable(context),
    secret: new SecretTable(context),
    config: new ConfigTable(context),
    volume: new VolumeTable(context),
    resource: new ResourceTable(context),
    extension: new ExtensionTable(context),
  };
}
