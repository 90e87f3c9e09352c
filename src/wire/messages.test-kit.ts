import type { DescFile, DescMessage } from "@bufbuild/protobuf";
import { file_docker_swarmkit_v1_ca } from "./gen/docker/swarmkit/v1/ca_pb.ts";
import { file_docker_swarmkit_v1_control } from "./gen/docker/swarmkit/v1/control_pb.ts";
import { file_docker_swarmkit_v1_dispatcher } from "./gen/docker/swarmkit/v1/dispatcher_pb.ts";
import { file_docker_swarmkit_v1_health } from "./gen/docker/swarmkit/v1/health_pb.ts";
import { file_docker_swarmkit_v1_logbroker } from "./gen/docker/swarmkit/v1/logbroker_pb.ts";
import { file_docker_swarmkit_v1_objects } from "./gen/docker/swarmkit/v1/objects_pb.ts";
import { file_docker_swarmkit_v1_raft } from "./gen/docker/swarmkit/v1/raft_pb.ts";
import { file_docker_swarmkit_v1_resource } from "./gen/docker/swarmkit/v1/resource_pb.ts";
import { file_docker_swarmkit_v1_snapshot } from "./gen/docker/swarmkit/v1/snapshot_pb.ts";
import { file_docker_swarmkit_v1_specs } from "./gen/docker/swarmkit/v1/specs_pb.ts";
import { file_docker_swarmkit_v1_types } from "./gen/docker/swarmkit/v1/types_pb.ts";
import { file_docker_swarmkit_v1_watch } from "./gen/docker/swarmkit/v1/watch_pb.ts";
import { file_raftpb_raft } from "./gen/raftpb/raft_pb.ts";

/** Every file of the protocol. */
export const protocolFiles: readonly DescFile[] = [
  file_docker_swarmkit_v1_ca,
  file_docker_swarmkit_v1_control,
  file_docker_swarmkit_v1_dispatcher,
  file_docker_swarmkit_v1_health,
  file_docker_swarmkit_v1_logbroker,
  file_docker_swarmkit_v1_objects,
  file_docker_swarmkit_v1_raft,
  file_docker_swarmkit_v1_resource,
  file_docker_swarmkit_v1_snapshot,
  file_docker_swarmkit_v1_specs,
  file_docker_swarmkit_v1_types,
  file_docker_swarmkit_v1_watch,
  file_raftpb_raft,
];

/** Every message of the protocol, those inside others included; the entries of maps are no messages of their own. */
export const protocolMessages: readonly DescMessage[] = protocolFiles
  .flatMap(file => file.messages)
  .flatMap(withNested);

function withNested(message: DescMessage): DescMessage[] {
  return [message, ...message.nestedMessages.flatMap(withNested)];
}
