import { create } from "@bufbuild/protobuf";
import type { Cluster } from "../model/objects.ts";
import type { Random } from "../ports/random.ts";
import { type EncryptionKey, EncryptionKeySchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { type KeyLock, noLock } from "./key-lock.ts";
import { managerServerName } from "./subject.ts";
import { unlockKeyBytes } from "./unlock-key.ts";

/** What the key that locks managers is for: SwarmKit names it as their certificates. */
const subsystem = managerServerName;

type Locking = Pick<Cluster, "spec" | "unlockKeys">;

/** What the swarm's managers are to lock their keys with. */
export function swarmLock({ spec, unlockKeys, meta }: Locking & Pick<Cluster, "meta">): KeyLock {
  const version = meta.version?.index ?? 0n;
  const key = spec.encryptionConfig?.autoLockManagers && unlockKeys.find(each => each.subsystem === subsystem)?.key;
  return { key: key || noLock.key, version };
}

/** The swarm's keys with one that locks managers while its spec says so: a new one when that begins or is asked for. */
export function unlockKeysOf({ spec, unlockKeys: keys }: Locking, rotate: boolean, random: Random): EncryptionKey[] {
  const others = keys.filter(key => key.subsystem !== subsystem);
  if (!spec.encryptionConfig?.autoLockManagers) return others;
  const current = rotate ? undefined : keys.find(key => key.subsystem === subsystem);
  const fresh = () => create(EncryptionKeySchema, { subsystem, key: random.bytes(unlockKeyBytes) });
  return [...others, current ?? fresh()];
}
