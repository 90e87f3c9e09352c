import { create } from "@bufbuild/protobuf";
import type { Cluster } from "../model/objects.ts";
import type { ClusterSpec } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { AnnotationsSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { isNegative, nanosOf } from "./durations.ts";
import { invalidArgument, required } from "./parts.ts";

/** The only name that a cluster can have (SwarmKit). */
const clusterName = "default";
/** Certificates must outlive the time that their renewal takes: 1 hour. */
const minCertificateNanos = 3_600_000_000_000n;
/** More heartbeats than one a second from each node would only burn the manager's time. */
const minHeartbeatNanos = 1_000_000_000n;
/** Docker's API reads and writes JSON, in which greater numbers are not exact: such a spec could be shown, but not sent back. */
const maxExact = BigInt(Number.MAX_SAFE_INTEGER);

/** A request's cluster spec, whole and checked. */
export function checkedClusterSpec(sent: ClusterSpec | undefined): Cluster["spec"] {
  const spec = { ...required(sent), annotations: sent?.annotations ?? create(AnnotationsSchema) };
  const expiry = spec.caConfig?.nodeCertExpiry;
  if (expiry && nanosOf(expiry) < minCertificateNanos)
    throw invalidArgument("minimum certificate expiry time is: 1h0m0s");
  for (const { secret } of spec.acceptancePolicy?.policies ?? [])
    if (secret && secret.alg.toLowerCase() !== "bcrypt")
      throw invalidArgument(`hashing algorithm is not supported: ${secret.alg}`);
  checkHeartbeat(spec);
  checkNumbers(spec);
  if (spec.annotations.name !== clusterName) throw invalidArgument("modification of cluster name is not allowed");
  return spec;
}

function checkHeartbeat({ dispatcher }: ClusterSpec): void {
  const period = dispatcher?.heartbeatPeriod;
  if (isNegative(period)) throw invalidArgument("heartbeat time period cannot be a negative duration");
  if (period && nanosOf(period) < minHeartbeatNanos)
    throw invalidArgument("heartbeat time period cannot be shorter than 1s");
}

function checkNumbers({ caConfig, raft }: ClusterSpec): void {
  const numbers = {
    "force rotate": caConfig?.forceRotate,
    "snapshot interval": raft?.snapshotInterval,
    "number of old snapshots": raft?.keepOldSnapshots,
    "number of log entries for slow followers": raft?.logEntriesForSlowFollowers,
  };
  for (const [name, value] of Object.entries(numbers))
    if (value !== undefined && value > maxExact) throw invalidArgument(`${name} cannot be greater than ${maxExact}`);
}
