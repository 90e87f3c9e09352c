import { Mount_Type as MountType } from "../../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { type Filter, nodes } from "../filter.ts";

/** Cluster volumes (CSI) are on no node: nothing here publishes them to one. */
export const clusterVolumes: Filter = {
  prepare({ spec: { runtime } }) {
    const mounts = runtime.case === "container" ? runtime.value.mounts : [];
    return mounts.some(mount => mount.type === MountType.CLUSTER) ? () => false : undefined;
  },
  explain: count => `cannot fulfill requested CSI volume mounts on ${nodes(count)}`,
};
