import { create } from "@bufbuild/protobuf";
import { newId } from "../lib/ids.ts";
import { newMeta, versionOf } from "../model/objects.ts";
import { ResourceSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { type ControlApiParts, invalidArgument, type Methods, notFound, required } from "./parts.ts";
import { select } from "./select.ts";

type ResourceMethods = Methods<
  "getResource" | "listResources" | "createResource" | "updateResource" | "removeResource"
>;

/** Resources of the kinds that extensions register. */
export function resourceMethods({ store, random }: ControlApiParts): ResourceMethods {
  return {
    async getResource(request) {
      const id = required(request.resourceId, "resource ID must be present");
      const resource = store.view(tx => tx.resource.get(id));
      if (!resource) throw notFound("resource", id);
      return { resource };
    },

    async listResources({ filters }) {
      const resources = store.view(tx => select(tx.resource, filters, ({ annotations }) => annotations));
      return { resources: resources.filter(({ kind }) => !filters?.kind || kind === filters.kind) };
    },

    async createResource({ annotations, kind, payload }) {
      if (!annotations?.name) throw invalidArgument("Resource must have a name");
      if (kind === "") throw invalidArgument("Resource must belong to an Extension");
      const resource = await store.update(tx => {
        const registered = tx.extension.byName(kind).some(extension => extension.annotations.name === kind);
        if (!registered) throw invalidArgument(`Kind ${kind} is not registered`);
        const base = create(ResourceSchema, { id: newId(random), kind, ...(payload && { payload }) });
        return tx.resource.create({ ...base, meta: newMeta(), annotations });
      });
      return { resource };
    },

    async updateResource({ resourceId, resourceVersion, annotations, payload }) {
      const id = required(resourceId, "must include ID and version");
      const version = required(resourceVersion, "must include ID and version");
      const resource = await store.update(tx => {
        const current = tx.resource.get(id);
        if (!current) throw notFound("resource", id);
        if (annotations && annotations.name !== current.annotations.name)
          throw invalidArgument("cannot change resource name");
        if (versionOf(current) !== version.index) throw invalidArgument("update out of sequence");
        return tx.resource.update({ ...current, ...(annotations && { annotations }), ...(payload && { payload }) });
      });
      return { resource };
    },

    async removeResource(request) {
      const id = required(request.resourceId, "resource ID must be present");
      await store.update(tx => {
        if (!tx.resource.get(id)) throw notFound("resource", id);
        tx.resource.remove(id);
      });
      return {};
    },
  };
}
