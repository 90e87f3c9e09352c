import { isAbsolute, join, normalize } from "node:path/posix";
import { Fault } from "../../lib/fault.ts";
import type { TaskDependencies } from "../../ports/runtime.ts";
import type { ContainerSpec } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import type { FileTarget } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** Largest user and group number (32 bits, the last one means "none"). */
const highestId = 0xffff_fffe;

/** A secret or config as a file in a container. */
export interface GivenFile {
  /** Absolute path in the container. */
  readonly target: string;
  readonly uid: number;
  readonly gid: number;
  /** Permission bits. */
  readonly mode: number;
  readonly data: Uint8Array;
}

/**
 * The files that a container's secrets and configs become: secrets below /run/secrets, configs below /, where their
 * target is not absolute. Faults: not_found when one was not assigned to this node, invalid_argument for odd owners.
 */
export function givenFiles(spec: ContainerSpec, dependencies: TaskDependencies): GivenFile[] {
  const files: GivenFile[] = [];
  for (const reference of spec.secrets) {
    if (reference.target.case !== "file") continue;
    const data = dependencies.secret(reference.secretId)?.spec?.data;
    files.push(givenFile("secret", reference.secretName, "/run/secrets", reference.target.value, data));
  }
  for (const reference of spec.configs) {
    if (reference.target.case !== "file") continue;
    const data = dependencies.config(reference.configId)?.spec?.data;
    files.push(givenFile("config", reference.configName, "/", reference.target.value, data));
  }
  return files;
}

function givenFile(
  kind: "secret" | "config",
  name: string,
  folder: string,
  target: FileTarget,
  data: Uint8Array | undefined,
): GivenFile {
  if (!data) throw new Fault("not_found", `Cannot give ${kind} "${name}" to the task: it is not on this node`);
  const fail = (reason: string): Fault =>
    new Fault("invalid_argument", `Cannot give ${kind} "${name}" to the task: ${reason}`);
  const path = isAbsolute(target.name) ? normalize(target.name) : join(folder, target.name);
  if (target.name === "" || path.endsWith("/")) throw fail(`"${target.name}" is no file name`);
  const [uid, gid] = [target.uid, target.gid].map(text => (text === "" ? 0 : Number(text)));
  if (!isOwner(uid) || !isOwner(gid)) throw fail(`its owner "${target.uid}:${target.gid}" is no pair of numbers`);
  return { target: path, uid, gid, mode: target.mode & 0o7777, data };
}

function isOwner(id: number | undefined): id is number {
  return id !== undefined && Number.isInteger(id) && id >= 0 && id <= highestId;
}
