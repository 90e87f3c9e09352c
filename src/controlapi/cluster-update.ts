import { create } from "@bufbuild/protobuf";
import { digestOf, newJoinToken } from "../pki/join-token.ts";
import { unlockKeysOf } from "../pki/swarm-lock.ts";
import type { Random } from "../ports/random.ts";
import type { KeyRotation } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { JoinTokensSchema, type RootCA, RootCASchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { rootFor, withoutSigner } from "./cluster-root.ts";
import { checkedClusterSpec } from "./cluster-spec.ts";
import { type ControlApiParts, type Methods, notFound, required } from "./parts.ts";
import { redacted } from "./redacted.ts";
import { withoutExpired } from "./removed-certificates.ts";
import { atVersion } from "./versioned.ts";

export function updateCluster({ store, clock, random, https }: ControlApiParts): Methods<"updateCluster"> {
  return {
    async updateCluster({ clusterId, clusterVersion, spec: sent, rotation }) {
      const id = required(clusterId);
      const version = required(clusterVersion);
      const spec = checkedClusterSpec(sent);
      const seen = store.view(tx => tx.cluster.get(id));
      if (!seen) throw notFound("cluster", id);
      // Where it is at another version the store refuses the change.
      const isCurrent = seen.meta.version?.index === version.index;
      const root = isCurrent ? await rootFor(seen, spec, { nowMs: clock.now(), https }) : undefined;
      const cluster = await store.update(tx => {
        const current = tx.cluster.get(id);
        if (!current) throw notFound("cluster", id);
        const next = { ...withoutExpired(atVersion(current, version), clock.now()), spec: withoutSigner(spec) };
        return tx.cluster.update({
          ...next,
          rootCa: rotatedTokens(root ?? current.rootCa ?? create(RootCASchema), rotation, random),
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
