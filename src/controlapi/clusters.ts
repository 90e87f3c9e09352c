import { updateCluster } from "./cluster-update.ts";
import { type ControlApiParts, type Methods, notFound, required } from "./parts.ts";
import { redacted } from "./redacted.ts";
import { selectBySpec } from "./select.ts";

export function clusterMethods(parts: ControlApiParts): Methods<"getCluster" | "listClusters" | "updateCluster"> {
  const { store } = parts;
  return {
    ...updateCluster(parts),

    async getCluster(request) {
      const id = required(request.clusterId);
      const cluster = store.view(tx => tx.cluster.get(id));
      if (!cluster) throw notFound("cluster", id);
      return { cluster: redacted(cluster) };
    },

    async listClusters({ filters }) {
      return { clusters: store.view(tx => selectBySpec(tx.cluster, filters)).map(redacted) };
    },
  };
}
