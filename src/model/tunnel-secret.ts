import { create } from "@bufbuild/protobuf";
import type { Cluster as WireCluster } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { type EncryptionKey, EncryptionKeySchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";

/*
 * The swarm's secret from which those of encrypted networks' tunnels are made. It stands among the cluster's network keys, as
 * those of SwarmKit's gossip and IPsec do, but unlike them it never leaves the managers.
 */

const subsystem = "networking:wireguard";
/** Bytes, as of what is made from it. */
export const tunnelSecretBytes = 32;

export function isTunnelSecret(key: Pick<EncryptionKey, "subsystem">): boolean {
  return key.subsystem === subsystem;
}

export function tunnelSecretOf(
  cluster: Pick<WireCluster, "networkBootstrapKeys"> | undefined,
): EncryptionKey | undefined {
  return cluster?.networkBootstrapKeys.find(isTunnelSecret);
}

/** The cluster's network keys with another secret, that of a period. */
export function withTunnelSecret(
  { networkBootstrapKeys: keys }: Pick<WireCluster, "networkBootstrapKeys">,
  key: Uint8Array,
  period: number,
): EncryptionKey[] {
  const secret = create(EncryptionKeySchema, { subsystem, key, lamportTime: BigInt(period) });
  return [...keys.filter(each => !isTunnelSecret(each)), secret];
}
