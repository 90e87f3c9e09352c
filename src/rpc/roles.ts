import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { defined } from "../lib/assert.ts";
import { Fault } from "../lib/fault.ts";
import type { Caller } from "../ports/transport.ts";
import { CA, NodeCA } from "../wire/gen/docker/swarmkit/v1/ca_pb.ts";
import { Control } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { Dispatcher } from "../wire/gen/docker/swarmkit/v1/dispatcher_pb.ts";
import { Health } from "../wire/gen/docker/swarmkit/v1/health_pb.ts";
import { LogBroker, Logs } from "../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import { Raft, RaftMembership } from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import { ResourceAllocator } from "../wire/gen/docker/swarmkit/v1/resource_pb.ts";
import { Watch } from "../wire/gen/docker/swarmkit/v1/watch_pb.ts";
import { NetworkDoctor } from "../wire/gen/shoal/v1/doctor_pb.ts";
import { NetworkFeed } from "../wire/gen/shoal/v1/network_pb.ts";
import { Peers } from "../wire/gen/shoal/v1/peers_pb.ts";
import { Usage } from "../wire/gen/shoal/v1/usage_pb.ts";

/** Who may call a method: anyone, any node of this swarm, or its managers. */
export type Access = "anyone" | "node" | "manager";

/** One entry for every method of a service: a new method without one does not compile. */
type AccessOf<S extends DescService> = Readonly<Record<keyof S["method"] & string, Access>>;

const ca: AccessOf<typeof CA> = { getRootCACertificate: "anyone", getUnlockKey: "manager" };
const nodeCa: AccessOf<typeof NodeCA> = { issueNodeCertificate: "anyone", nodeCertificateStatus: "anyone" };
const dispatcher: AccessOf<typeof Dispatcher> = {
  session: "node",
  heartbeat: "node",
  updateTaskStatus: "node",
  updateVolumeStatus: "node",
  tasks: "node",
  assignments: "node",
};
const health: AccessOf<typeof Health> = { check: "manager" };
const logs: AccessOf<typeof Logs> = { subscribeLogs: "manager" };
const logBroker: AccessOf<typeof LogBroker> = { listenSubscriptions: "node", publishLogs: "node" };
const raft: AccessOf<typeof Raft> = {
  processRaftMessage: "manager",
  streamRaftMessage: "manager",
  resolveAddress: "manager",
};
const peers: AccessOf<typeof Peers> = { deliver: "manager" };
const networkFeed: AccessOf<typeof NetworkFeed> = { watch: "node", confirm: "node", departure: "node" };
const usage: AccessOf<typeof Usage> = { report: "node", watch: "manager" };
const networkDoctor: AccessOf<typeof NetworkDoctor> = {
  listen: "node",
  answer: "node",
  tellPorts: "node",
  examine: "manager",
};
const raftMembership: AccessOf<typeof RaftMembership> = { join: "manager", leave: "manager" };
const resourceAllocator: AccessOf<typeof ResourceAllocator> = { attachNetwork: "node", detachNetwork: "node" };
const watch: AccessOf<typeof Watch> = { watch: "manager" };
const control: AccessOf<typeof Control> = {
  getNode: "manager",
  listNodes: "manager",
  updateNode: "manager",
  removeNode: "manager",
  getTask: "manager",
  listTasks: "manager",
  removeTask: "manager",
  getService: "manager",
  listServices: "manager",
  createService: "manager",
  updateService: "manager",
  removeService: "manager",
  listServiceStatuses: "manager",
  getNetwork: "manager",
  listNetworks: "manager",
  createNetwork: "manager",
  removeNetwork: "manager",
  getCluster: "manager",
  listClusters: "manager",
  updateCluster: "manager",
  getSecret: "manager",
  updateSecret: "manager",
  listSecrets: "manager",
  createSecret: "manager",
  removeSecret: "manager",
  getConfig: "manager",
  updateConfig: "manager",
  listConfigs: "manager",
  createConfig: "manager",
  removeConfig: "manager",
  getExtension: "manager",
  createExtension: "manager",
  removeExtension: "manager",
  getResource: "manager",
  updateResource: "manager",
  listResources: "manager",
  createResource: "manager",
  removeResource: "manager",
  createVolume: "manager",
  getVolume: "manager",
  updateVolume: "manager",
  listVolumes: "manager",
  removeVolume: "manager",
};

const TABLE: ReadonlyMap<string, Readonly<Record<string, Access>>> = new Map<string, Readonly<Record<string, Access>>>([
  [CA.typeName, ca],
  [NodeCA.typeName, nodeCa],
  [Dispatcher.typeName, dispatcher],
  [Health.typeName, health],
  [Logs.typeName, logs],
  [LogBroker.typeName, logBroker],
  [Raft.typeName, raft],
  [RaftMembership.typeName, raftMembership],
  [Peers.typeName, peers],
  [NetworkFeed.typeName, networkFeed],
  [Usage.typeName, usage],
  [NetworkDoctor.typeName, networkDoctor],
  [ResourceAllocator.typeName, resourceAllocator],
  [Watch.typeName, watch],
  [Control.typeName, control],
]);

/** Who may call this method. A method that the table lacks must not be served: that is a bug, and asserted. */
export function accessTo(method: DescMethod): Access {
  return defined(TABLE.get(method.parent.typeName)?.[method.localName], `the access rule of ${method}`);
}

/**
 * Lets a call pass or throws the Fault it is answered with, before any handler sees it. Returns the caller as the
 * handler is to see it: a certificate of another swarm counts as none where anyone may call. Texts are SwarmKit's.
 */
export function authorize(method: DescMethod, caller: Caller | undefined, clusterId: string): Caller | undefined {
  const access = accessTo(method);
  const ours = caller?.clusterId === clusterId ? caller : undefined;
  if (access === "anyone") return ours;
  if (!caller)
    throw new Fault("unauthenticated", "Permission denied: unauthorized peer role: no client certificates in request");
  if (!ours) throw denied(`remote certificate not part of organization: ${clusterId}, but of ${caller.clusterId}`);
  if (access === "manager" && ours.role !== "manager")
    throw denied(`unauthorized peer role: remote certificate not part of OUs: [swarm-manager]`);
  return ours;
}

/** Services between the managers themselves: whoever calls them speaks for nobody else. */
const NEVER_FORWARDED: ReadonlySet<string> = new Set([Raft.typeName, Peers.typeName]);

/**
 * Lets somebody speak for another caller, or throws Fault permission_denied: only this swarm's managers may, and not
 * in what they have to tell each other. Returns who passes the call on.
 */
export function authorizeForwarder(method: DescMethod, forwarder: Caller | undefined, clusterId: string): Caller {
  if (forwarder?.clusterId !== clusterId || forwarder.role !== "manager")
    throw denied("unauthorized forwarder role: only managers of this swarm may pass calls on");
  if (NEVER_FORWARDED.has(method.parent.typeName))
    throw denied(`${method.parent.typeName} takes no calls that are passed on`);
  return forwarder;
}

function denied(reason: string): Fault {
  return new Fault("permission_denied", `Permission denied: ${reason}`);
}
