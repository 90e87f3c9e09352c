import { request } from "node:http";
import { fromBinary, toJsonString } from "@bufbuild/protobuf";
import { decodeState } from "../../src/consensus/swarm-state.ts";
import { openBackup } from "../../src/node/backup-file.ts";
import { type StoreSnapshot, StoreSnapshotSchema } from "../../src/wire/gen/docker/swarmkit/v1/snapshot_pb.ts";
import { BackupSchema } from "../../src/wire/gen/shoal/v1/backup_pb.ts";
import type { Daemon } from "./daemon.ts";

const passphrase = "nothing secret in here";

/** The objects that a manager has itself: what it answers about the swarm is the leader's. By way of a backup. */
export async function ownStore(daemon: Daemon): Promise<StoreSnapshot> {
  const { state } = fromBinary(BackupSchema, await openBackup(await backup(daemon), passphrase));
  return decodeState(state).store;
}

/** All objects as one text, the same for the same objects. */
export function storeText(store: StoreSnapshot): string {
  return toJsonString(StoreSnapshotSchema, {
    ...store,
    nodes: store.nodes.toSorted(byId),
    services: store.services.toSorted(byId),
    networks: store.networks.toSorted(byId),
    tasks: store.tasks.toSorted(byId),
    clusters: store.clusters.toSorted(byId),
    secrets: store.secrets.toSorted(byId),
    configs: store.configs.toSorted(byId),
    resources: store.resources.toSorted(byId),
    extensions: store.extensions.toSorted(byId),
    volumes: store.volumes.toSorted(byId),
  });
}

const byId = (a: { id: string }, b: { id: string }): number => a.id.localeCompare(b.id);

function backup({ socket: socketPath }: Daemon): Promise<Buffer> {
  const headers = { "X-Shoal-Passphrase": Buffer.from(passphrase).toString("base64") };
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, method: "POST", path: "/shoal/backup", headers }, async response => {
      try {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk);
        const body = Buffer.concat(chunks);
        if (response.statusCode === 200) resolve(body);
        else reject(new Error(`no backup: ${response.statusCode} ${body}`));
      } catch (error) {
        reject(error);
      }
    });
    call.on("error", reject);
    call.end();
  });
}
