import { create } from "@bufbuild/protobuf";
import { type Configuration, sorted } from "../raft/configuration.ts";
import { type ConfState, ConfStateSchema } from "../wire/gen/raftpb/raft_pb.ts";

/** A membership as snapshots carry it. */
export function toConfState(configuration: Configuration): ConfState {
  return create(ConfStateSchema, {
    voters: [...configuration.voters],
    learners: [...configuration.learners],
    votersOutgoing: [...configuration.outgoing],
    learnersNext: [...configuration.learnersNext],
    autoLeave: configuration.autoLeave,
  });
}

export function fromConfState(state: ConfState | undefined): Configuration {
  return {
    voters: sorted(state?.voters ?? []),
    outgoing: sorted(state?.votersOutgoing ?? []),
    learners: sorted(state?.learners ?? []),
    learnersNext: sorted(state?.learnersNext ?? []),
    autoLeave: state?.autoLeave ?? false,
  };
}
