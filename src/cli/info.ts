import { humanDuration } from "../lib/human-duration.ts";
import type { ClusterView, InfoView } from "./types.ts";

const nanosPerMs = 1e6;

/** What `docker info` says of a node and its swarm, in the same words: a line a fact, indented under what it belongs to. */
export function infoText({ Name, ServerVersion, Swarm }: InfoView): string {
  const lines = [`Name: ${Name}`, `Server Version: ${ServerVersion}`, `Swarm: ${Swarm.LocalNodeState}`];
  // Without a part in a swarm, or locked, there is nothing to tell of it but what is wrong.
  const isMember = Swarm.NodeID !== "";
  if (isMember) lines.push(` NodeID: ${Swarm.NodeID}`);
  if (Swarm.Error) lines.push(` Error: ${Swarm.Error}`);
  if (!isMember) return lines.join("\n");
  lines.push(` Is Manager: ${Swarm.ControlAvailable}`);
  if (Swarm.Cluster) lines.push(...clusterLines(Swarm.Cluster, Swarm));
  lines.push(` Node Address: ${Swarm.NodeAddr}`);
  const managers = (Swarm.RemoteManagers ?? []).map(({ Addr }) => Addr).sort();
  if (managers.length > 0) lines.push(" Manager Addresses:", ...managers.map(address => `  ${address}`));
  return lines.join("\n");
}

function clusterLines(cluster: ClusterView, { Managers, Nodes }: InfoView["Swarm"]): string[] {
  const { Orchestration, Raft, Dispatcher, CAConfig, EncryptionConfig } = cluster.Spec;
  const pools = cluster.DefaultAddrPool ?? [];
  const externals = CAConfig.ExternalCAs ?? [];
  return [
    ` ClusterID: ${cluster.ID}`,
    ` Managers: ${Managers ?? 0}`,
    ` Nodes: ${Nodes ?? 0}`,
    ...(pools.length > 0
      ? [` Default Address Pool: ${pools.join("  ")}`, ` SubnetSize: ${cluster.SubnetSize ?? 0}`]
      : []),
    ...(cluster.DataPathPort ? [` Data Path Port: ${cluster.DataPathPort}`] : []),
    " Orchestration:",
    `  Task History Retention Limit: ${Orchestration.TaskHistoryRetentionLimit ?? 0}`,
    " Raft:",
    `  Snapshot Interval: ${Raft.SnapshotInterval ?? 0}`,
    `  Number of Old Snapshots to Retain: ${Raft.KeepOldSnapshots ?? 0}`,
    `  Heartbeat Tick: ${Raft.HeartbeatTick ?? 0}`,
    `  Election Tick: ${Raft.ElectionTick ?? 0}`,
    " Dispatcher:",
    `  Heartbeat Period: ${humanDuration((Dispatcher.HeartbeatPeriod ?? 0) / nanosPerMs)}`,
    " CA Configuration:",
    `  Expiry Duration: ${humanDuration((CAConfig.NodeCertExpiry ?? 0) / nanosPerMs)}`,
    `  Force Rotate: ${CAConfig.ForceRotate ?? 0}`,
    ...(externals.length > 0 ? ["  External CAs:"] : []),
    ...externals.map(({ Protocol, URL }) => `    ${Protocol}: ${URL}`),
    ` Autolock Managers: ${EncryptionConfig.AutoLockManagers ?? false}`,
    ` Root Rotation In Progress: ${cluster.RootRotationInProgress ?? false}`,
  ];
}
