import { create } from "@bufbuild/protobuf";
import { newId } from "../lib/ids.ts";
import { type Config, newMeta } from "../model/objects.ts";
import type { ConfigSpec } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { AnnotationsSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { isUnchanged, relabelled } from "./data-update.ts";
import { checkDataName } from "./names.ts";
import { type ControlApiParts, invalidArgument, type Methods, notFound, required } from "./parts.ts";
import { selectAnyBySpec } from "./select.ts";
import { checkUnused } from "./usage.ts";
import { atVersion } from "./versioned.ts";

/** Bytes of a config must be fewer than this. */
const configSizeLimit = 1000 * 1024;

export function configMethods({
  store,
  random,
}: ControlApiParts): Methods<"getConfig" | "listConfigs" | "createConfig" | "updateConfig" | "removeConfig"> {
  return {
    async getConfig(request) {
      const id = required(request.configId, "config ID must be provided");
      const config = store.view(tx => tx.config.get(id));
      if (!config) throw notFound("config", id);
      return { config };
    },

    async listConfigs({ filters }) {
      return { configs: store.view(tx => selectAnyBySpec(tx.config, filters)) };
    },

    async createConfig(request) {
      const spec = checkedSpec(request.spec);
      const id = newId(random);
      const config = await store.update(tx =>
        tx.config.create({ $typeName: "docker.swarmkit.v1.Config", id, meta: newMeta(), spec }),
      );
      return { config };
    },

    async updateConfig(request) {
      const id = required(request.configId);
      const version = required(request.configVersion);
      const sent = required(request.spec);
      const config = await store.update(tx => {
        const current = tx.config.get(id);
        if (!current) throw notFound("config", id);
        const spec = relabelled(current.spec, sent);
        if (isUnchanged(current, version, spec)) return current;
        return tx.config.update({ ...atVersion(current, version), spec });
      });
      return { config };
    },

    async removeConfig(request) {
      const id = required(request.configId, "config ID must be provided");
      await store.update(tx => {
        const config = tx.config.get(id);
        if (!config) throw notFound("config", id);
        checkUnused("config", config.spec.annotations.name, tx.service.byConfig(id));
        tx.config.remove(id);
      });
      return {};
    },
  };
}

function checkedSpec(sent: ConfigSpec | undefined): Config["spec"] {
  const spec = { ...required(sent), annotations: sent?.annotations ?? create(AnnotationsSchema) };
  checkDataName(spec.annotations);
  if (spec.data.length === 0 || spec.data.length >= configSizeLimit)
    throw invalidArgument(`config data must be larger than 0 and less than ${configSizeLimit} bytes`);
  return spec;
}
