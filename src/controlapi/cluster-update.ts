import { create } from "@bufbuild/protobuf";
import { Fault } from "../lib/fault.ts";
import { same } from "../lib/same.ts";
import type { Cluster } from "../model/objects.ts";
import { digestOf, newJoinToken } from "../pki/join-token.ts";
import { unlockKeysOf } from "../pki/swarm-lock.ts";
import type { Random } from "../ports/random.ts";
import type { KeyRotation } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { type CAConfig, JoinTokensSchema, RootCASchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { checkedClusterSpec } from "./cluster-spec.ts";
import { type ControlApiParts, type Methods, notFound, required } from "./parts.ts";
import { redacted } from "./redacted.ts";
import { withoutExpired } from "./removed-certificates.ts";
import { atVersion } from "./versioned.ts";

export function updateCluster({ store, clock, random }: ControlApiParts): Methods<"updateCluster"> {
  return {
    async updateCluster({ clusterId, clusterVersion, spec: sent, rotation }) {
      const id = required(clusterId);
      const version = required(clusterVersion);
      const spec = checkedClusterSpec(sent);
      const cluster = await store.update(tx => {
        const current = tx.cluster.get(id);
        if (!current) throw notFound("cluster", id);
        checkRootKept(current.spec.caConfig, spec.caConfig);
        const next = { ...withoutExpired(atVersion(current, version), clock.now()), spec };
        return tx.cluster.update({
          ...next,
          rootCa: rotatedTokens(current, rotation, random),
          unlockKeys: unlockKeysOf(next, rotation?.managerUnlockKey ?? false, random),
        });
      });
      return { cluster: redacted(cluster) };
    },
  };
}

/** A new root CA, or one outside, would have to be spread over all nodes step by step. */
function checkRootKept(current: CAConfig | undefined, next: CAConfig | undefined): void {
  const given = next !== undefined && next.signingCaCert.length + next.signingCaKey.length > 0;
  const forced = (next?.forceRotate ?? 0n) !== (current?.forceRotate ?? 0n);
  if (given || forced)
    throw new Fault("unimplemented", "Cannot rotate the root CA: this version keeps the one it began with");
  if (!same(next?.externalCas ?? [], current?.externalCas ?? []))
    throw new Fault("unimplemented", "Cannot use an external CA: this version signs with its own alone");
}

/** The root CA with new join tokens where they are asked for; old ones are worth nothing from then on. */
function rotatedTokens({ rootCa }: Cluster, rotation: KeyRotation | undefined, random: Random) {
  const root = rootCa ?? create(RootCASchema);
  const tokens = root.joinTokens ?? create(JoinTokensSchema);
  const digest = digestOf(root.caCert);
  return {
    ...root,
    joinTokens: {
      ...tokens,
      ...(rotation?.workerJoinToken && { worker: newJoinToken(digest, random) }),
      ...(rotation?.managerJoinToken && { manager: newJoinToken(digest, random) }),
    },
  };
}
