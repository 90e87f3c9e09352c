import { Fault } from "../lib/fault.ts";
import { type Methods, notFound } from "./parts.ts";

type VolumeMethods = Methods<"getVolume" | "listVolumes" | "createVolume" | "updateVolume" | "removeVolume">;

/** Cluster volumes need a CSI plugin on some node, and no runtime of ours serves one: there never is a volume. */
export function volumeMethods(): VolumeMethods {
  return {
    async getVolume({ volumeId }) {
      throw notFound("volume", volumeId);
    },
    async listVolumes() {
      return { volumes: [] };
    },
    async createVolume({ spec }) {
      const name = spec?.annotations?.name ?? "";
      throw new Fault("unimplemented", `Cannot create cluster volume "${name}": no node can run CSI plugins`);
    },
    async updateVolume({ volumeId }) {
      throw notFound("volume", volumeId);
    },
    async removeVolume({ volumeId }) {
      throw notFound("volume", volumeId);
    },
  };
}
