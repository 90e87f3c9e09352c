import { newCluster } from "../ca/new-cluster.ts";
import type { InitRequest } from "../docker-api/backend.ts";
import type { ManagerBeginning } from "../manager/beginning.ts";
import type { NodeFiles } from "../pki/key-file.ts";
import { swarmLock } from "../pki/swarm-lock.ts";
import type { NodeDoors } from "./doors.ts";
import { headersFor } from "./keyring.ts";

/** The identity of a swarm's first manager, and what it begins with. */
export interface Founding {
  readonly files: NodeFiles;
  readonly beginning: Extract<ManagerBeginning, { kind: "found" }>;
}

/** What a new swarm begins with: its objects, and the identity of its first manager. Nothing is written yet. */
export async function found(request: InitRequest, doors: NodeDoors): Promise<Founding> {
  const { cluster, node, credentials } = await newCluster({ ...request, clock: doors.clock, random: doors.random });
  const headers = headersFor(credentials.role, new Map(), doors.random);
  return { files: { ...credentials, headers, lock: swarmLock(cluster) }, beginning: { kind: "found", cluster, node } };
}
