import { createRegistry } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { protocolFiles } from "./messages.test-kit.ts";

/*
 * Numbers that stock Docker Engines rely on, written down a second time: a slip in a .proto file would still round-trip
 * among ourselves. All fields of each message, in order of their numbers.
 */

const fieldNumbers: Readonly<Record<string, string>> = {
  NodeCertificateStatusRequest: "1:node_id",
  NodeCertificateStatusResponse: "1:status 2:certificate",
  IssueNodeCertificateRequest: "1:role 2:csr 3:token 4:availability",
  IssueNodeCertificateResponse: "1:node_id 2:node_membership",
  GetRootCACertificateResponse: "1:certificate",
  SessionRequest: "1:description 2:session_id",
  SessionMessage: "1:session_id 2:node 3:managers 4:network_bootstrap_keys 5:RootCA",
  HeartbeatRequest: "1:session_id",
  HeartbeatResponse: "1:period",
  UpdateTaskStatusRequest: "1:session_id 3:updates",
  "UpdateTaskStatusRequest.TaskStatusUpdate": "1:task_id 2:status",
  TasksMessage: "1:tasks",
  AssignmentsRequest: "1:session_id",
  Assignment: "1:task 2:secret 3:config 4:volume",
  AssignmentChange: "1:assignment 2:action",
  AssignmentsMessage: "1:type 2:applies_to 3:results_in 4:changes",
  LogSubscriptionOptions: "1:streams 2:follow 3:tail 4:since",
  LogSelector: "1:service_ids 2:node_ids 3:task_ids",
  LogContext: "1:service_id 2:node_id 3:task_id",
  LogAttr: "1:key 2:value",
  LogMessage: "1:context 2:timestamp 3:stream 4:data 5:attrs",
  ListenSubscriptionsRequest: "",
  SubscriptionMessage: "1:id 2:selector 3:options 4:close",
  PublishLogsMessage: "1:subscription_id 2:messages 3:close",
  Meta: "1:version 2:created_at 3:updated_at",
  Node: "1:id 2:meta 3:spec 4:description 5:status 6:manager_status 7:attachment 8:certificate 9:role 10:attachments 11:VXLANUDPPort",
  Service:
    "1:id 2:meta 3:spec 4:endpoint 5:update_status 6:previous_spec 7:pending_delete 10:spec_version 11:previous_spec_version 12:job_status",
  Endpoint: "1:spec 2:ports 3:virtual_ips",
  "Endpoint.VirtualIP": "1:network_id 2:addr",
  Task: "1:id 2:meta 3:spec 4:service_id 5:slot 6:node_id 7:annotations 8:service_annotations 9:status 10:desired_state 11:networks 12:endpoint 13:log_driver 14:spec_version 15:assigned_generic_resources 16:job_iteration 17:volumes",
  NetworkAttachment: "1:network 2:addresses 3:aliases 4:driver_attachment_opts",
  Network: "1:id 2:meta 3:spec 4:driver_state 5:ipam 6:pending_delete 7:extra",
  Cluster:
    "1:id 2:meta 3:spec 4:root_ca 5:network_bootstrap_keys 6:encryption_key_lamport_clock 8:blacklisted_certificates 9:unlock_keys 10:fips 11:defaultAddressPool 12:subnetSize 13:VXLANUDPPort",
  Secret: "1:id 2:meta 3:spec 4:internal",
  Config: "1:id 2:meta 3:spec",
  RaftMember: "1:raft_id 2:node_id 3:addr 4:status",
  JoinRequest: "1:addr",
  JoinResponse: "1:raft_id 2:members 3:removed_members",
  ProcessRaftMessageRequest: "1:message",
  InternalRaftRequest: "1:id 2:action",
  StoreAction:
    "1:action 2:node 3:service 4:task 5:network 6:cluster 7:secret 8:resource 9:extension 10:config 11:volume",
  StoreSnapshot:
    "1:nodes 2:services 3:networks 4:tasks 5:clusters 6:secrets 7:resources 8:extensions 9:configs 10:volumes",
  ClusterSnapshot: "1:members 2:removed",
  Snapshot: "1:version 2:membership 3:store",
  NodeSpec: "1:annotations 2:desired_role 3:membership 4:availability",
  ServiceSpec:
    "1:annotations 2:task 3:replicated 4:global 6:update 7:networks 8:endpoint 9:rollback 10:replicated_job 11:global_job",
  TaskSpec:
    "1:container 2:resources 4:restart 5:placement 6:log_driver 7:networks 8:attachment 9:force_update 10:generic 11:resource_references",
  ContainerSpec:
    "1:image 2:labels 3:command 4:args 5:env 6:dir 7:user 8:mounts 9:stop_grace_period 10:pull_options 11:groups 12:secrets 13:tty 14:hostname 15:dns_config 16:healthcheck 17:hosts 18:open_stdin 19:read_only 20:stop_signal 21:configs 22:privileges 23:init 24:isolation 25:pidsLimit 26:sysctls 27:capability_add 28:capability_drop 29:ulimits 30:oom_score_adj",
  "ContainerSpec.PullOptions": "64:registry_auth",
  EndpointSpec: "1:mode 2:ports",
  NetworkSpec: "1:annotations 2:driver_config 3:ipv6_enabled 4:internal 5:ipam 6:attachable 7:ingress 8:network",
  ClusterSpec:
    "1:annotations 2:acceptance_policy 3:orchestration 4:raft 5:dispatcher 6:ca_config 7:task_defaults 8:encryption_config",
  SecretSpec: "1:annotations 2:data 3:templating 4:driver",
  ConfigSpec: "1:annotations 2:data 3:templating",
  Version: "1:index",
  Annotations: "1:name 2:labels 4:indices",
  Resources: "1:nano_cpus 2:memory_bytes 3:generic",
  ResourceRequirements: "1:limits 2:reservations 3:swap_bytes 4:memory_swappiness",
  Platform: "1:architecture 2:os",
  EngineDescription: "1:engine_version 2:labels 3:plugins",
  NodeDescription: "1:hostname 2:platform 3:resources 4:engine 5:tls_info 6:fips 7:csi_info",
  NodeTLSInfo: "1:trust_root 2:cert_issuer_subject 3:cert_issuer_public_key",
  NodeStatus: "1:state 2:message 3:addr",
  Mount: "1:type 2:source 3:target 4:readonly 5:bind_options 6:volume_options 7:tmpfs_options 8:consistency",
  RestartPolicy: "1:condition 2:delay 3:max_attempts 4:window",
  UpdateConfig: "1:parallelism 2:delay 3:failure_action 4:monitor 5:max_failure_ratio 6:order",
  ContainerStatus: "1:container_id 2:pid 3:exit_code",
  TaskStatus: "1:timestamp 2:state 3:message 4:err 5:container 6:port_status 7:applied_by 8:applied_at",
  NetworkAttachmentConfig: "1:target 2:aliases 3:addresses 4:driver_attachment_opts",
  IPAMConfig: "1:family 2:subnet 3:range 4:gateway",
  PortConfig: "1:name 2:protocol 3:target_port 4:published_port 5:publish_mode",
  Driver: "1:name 2:options",
  Peer: "1:node_id 2:addr",
  WeightedPeer: "1:peer 2:weight",
  IssuanceStatus: "1:state 2:err",
  Placement: "1:constraints 2:preferences 3:platforms 4:max_replicas",
  JoinTokens: "1:worker 2:manager",
  RootCA: "1:ca_key 2:ca_cert 3:ca_cert_hash 4:join_tokens 5:root_rotation 6:last_forced_rotation",
  Certificate: "1:role 2:csr 3:status 4:certificate 5:cn",
  EncryptionKey: "1:subsystem 2:algorithm 3:key 4:lamport_time",
  ManagerStatus: "1:raft_id 2:addr 3:leader 4:reachability",
  FileTarget: "1:name 2:uid 3:gid 4:mode",
  SecretReference: "1:secret_id 2:secret_name 3:file",
  ConfigReference: "1:config_id 2:config_name 3:file 4:runtime",
  HealthConfig: "1:test 2:interval 3:timeout 4:retries 5:start_period 6:start_interval",
  MaybeEncryptedRecord: "1:algorithm 2:data 3:nonce",
  Privileges: "1:credential_spec 2:selinux_context 3:seccomp 4:apparmor 5:no_new_privileges",
};

const enumNumbers: Readonly<Record<string, string>> = {
  "AssignmentChange.AssignmentAction": "UPDATE=0 REMOVE=1",
  "AssignmentsMessage.Type": "COMPLETE=0 INCREMENTAL=1",
  LogStream: "LOG_STREAM_UNKNOWN=0 LOG_STREAM_STDOUT=1 LOG_STREAM_STDERR=2",
  StoreActionKind: "UNKNOWN=0 STORE_ACTION_CREATE=1 STORE_ACTION_UPDATE=2 STORE_ACTION_REMOVE=3",
  "NodeSpec.Membership": "PENDING=0 ACCEPTED=1",
  "NodeSpec.Availability": "ACTIVE=0 PAUSE=1 DRAIN=2",
  ResourceType: "TASK=0 SECRET=1 CONFIG=2 VOLUME=3",
  "RaftMemberStatus.Reachability": "UNKNOWN=0 UNREACHABLE=1 REACHABLE=2",
  "NodeStatus.State": "UNKNOWN=0 DOWN=1 READY=2 DISCONNECTED=3",
  "UpdateStatus.UpdateState":
    "UNKNOWN=0 UPDATING=1 PAUSED=2 COMPLETED=3 ROLLBACK_STARTED=4 ROLLBACK_PAUSED=5 ROLLBACK_COMPLETED=6",
  TaskState:
    "NEW=0 PENDING=64 ASSIGNED=192 ACCEPTED=256 PREPARING=320 READY=384 STARTING=448 RUNNING=512 COMPLETE=576 SHUTDOWN=640 FAILED=704 REJECTED=768 REMOVE=800 ORPHANED=832",
  "PortConfig.Protocol": "TCP=0 UDP=1 SCTP=2",
  "PortConfig.PublishMode": "INGRESS=0 HOST=1",
  "IssuanceStatus.State": "UNKNOWN=0 RENEW=1 PENDING=2 ISSUED=3 FAILED=4 ROTATE=5",
  NodeRole: "WORKER=0 MANAGER=1",
  "MaybeEncryptedRecord.Algorithm": "NONE=0 SECRETBOX_SALSA20_POLY1305=1 FERNET_AES_128_CBC=2",
};

/** Of etcd's messages, in their own package. */
const raftNumbers: Readonly<Record<string, string>> = {
  Entry: "1:Type 2:Term 3:Index 4:Data",
  Message:
    "1:type 2:to 3:from 4:term 5:logTerm 6:index 7:entries 8:commit 9:snapshot 10:reject 11:rejectHint 12:context 13:vote",
  Snapshot: "1:data 2:metadata",
  SnapshotMetadata: "1:conf_state 2:index 3:term",
  ConfState: "1:voters 2:learners 3:voters_outgoing 4:learners_next 5:auto_leave",
  HardState: "1:term 2:vote 3:commit",
  ConfChange: "1:id 2:type 3:node_id 4:context",
};

/** Methods as `Service/Method`, `stream` before what is streamed. */
const methods = [
  "CA/GetRootCACertificate",
  "NodeCA/IssueNodeCertificate",
  "NodeCA/NodeCertificateStatus",
  "Dispatcher/Session stream",
  "Dispatcher/Heartbeat",
  "Dispatcher/UpdateTaskStatus",
  "Dispatcher/UpdateVolumeStatus",
  "Dispatcher/Tasks stream",
  "Dispatcher/Assignments stream",
  "LogBroker/ListenSubscriptions stream",
  "LogBroker/PublishLogs from stream",
  "Raft/ProcessRaftMessage",
  "Raft/StreamRaftMessage from stream",
  "RaftMembership/Join",
];

const registry = createRegistry(...protocolFiles);

const described = (typeName: string): string | undefined =>
  registry
    .getMessage(typeName)
    ?.fields.toSorted((a, b) => a.number - b.number)
    .map(field => `${field.number}:${field.name}`)
    .join(" ");

describe("the protocol's numbers", () => {
  it.each(Object.entries(fieldNumbers))("%s", (name, fields) => {
    expect(described(`docker.swarmkit.v1.${name}`)).toBe(fields);
  });

  it.each(Object.entries(raftNumbers))("raftpb.%s", (name, fields) => {
    expect(described(`raftpb.${name}`)).toBe(fields);
  });

  it.each(Object.entries(enumNumbers))("%s", (name, values) => {
    const found = registry.getEnum(`docker.swarmkit.v1.${name}`)?.values;
    expect(found?.map(value => `${value.name}=${value.number}`).join(" ")).toBe(values);
  });

  it.each(methods)("%s", text => {
    const [path = "", ...words] = text.split(" ");
    const [service, name] = path.split("/");
    const method = registry
      .getService(`docker.swarmkit.v1.${service}`)
      ?.methods.find(candidate => candidate.name === name);
    const kind = { "": "unary", stream: "server_streaming", "from stream": "client_streaming" }[words.join(" ")];
    expect(method?.methodKind).toBe(kind);
  });
});
