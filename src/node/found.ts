import { newCluster } from "../ca/new-cluster.ts";
import type { InitRequest } from "../docker-api/backend.ts";
import { Fault } from "../lib/fault.ts";
import { dataKeyBytes, type NodeFiles, withDataKey } from "../pki/key-file.ts";
import type { NodeDoors } from "./doors.ts";
import type { Founding } from "./member.ts";

/** What a new swarm begins with: its objects, and the identity of its first manager. Nothing is written yet. */
export async function found(request: InitRequest, doors: NodeDoors): Promise<{ files: NodeFiles; founding: Founding }> {
  if (request.autoLock || request.spec.encryptionConfig?.autoLockManagers)
    throw new Fault("unimplemented", "Cannot found a swarm with autolock: this version does not lock managers");
  const { cluster, node, credentials } = await newCluster({ ...request, clock: doors.clock, random: doors.random });
  const headers = withDataKey(new Map(), doors.random.bytes(dataKeyBytes));
  return { files: { ...credentials, headers }, founding: { cluster, node } };
}
