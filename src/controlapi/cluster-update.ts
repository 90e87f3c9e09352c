import { create } from "@bufbuild/protobuf";
import { digestOf, newJoinToken } from "../pki/join-token.ts";
import { unlockKeysOf } from "../pki/swarm-lock.ts";
import type { Random } from "../ports/random.ts";
import type { KeyRotation } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { JoinTokensSchema, type RootCA } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { rootFor, withoutSigner } from "./cluster-root.ts";
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
      const seen = store.view(tx => tx.cluster.get(id));
      if (!seen) throw notFound("cluster", id);
      const root = await rootFor(atVersion(seen, version), spec, clock.now());
      const cluster = await store.update(tx => {
        const current = tx.cluster.get(id);
        if (!current) throw notFound("cluster", id);
        // Keys take a moment to make; what they were made for is at the same version still.
        const next = { ...withoutExpired(atVersion(current, version), clock.now()), spec: withoutSigner(spec) };
        return tx.cluster.update({
          ...next,
          rootCa: rotatedTokens(root, rotation, random),
          unlockKeys: unlockKeysOf(next, rotation?.managerUnlockKey ?? false, random),
        });
      });
      return { cluster: redacted(cluster) };
    },
  };
}

/** The root CA with new join tokens where they are asked for; old ones are worth nothing from then on. */
function rotatedTokens(root: RootCA, rotation: KeyRotation | undefined, random: Random): RootCA {
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
