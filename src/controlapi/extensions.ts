import { create } from "@bufbuild/protobuf";
import { newId } from "../lib/ids.ts";
import { newMeta } from "../model/objects.ts";
import type { ReadTx } from "../store/tx.ts";
import { ExtensionSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { type ControlApiParts, invalidArgument, type Methods, notFound, required } from "./parts.ts";

/** Extensions name kinds of resources; what a resource means is known to whoever registered its kind. */
export function extensionMethods({
  store,
  random,
}: ControlApiParts): Methods<"getExtension" | "createExtension" | "removeExtension"> {
  return {
    async getExtension(request) {
      const id = required(request.extensionId, "extension ID must be provided");
      const extension = store.view(tx => tx.extension.get(id));
      if (!extension) throw notFound("extension", id);
      return { extension };
    },

    async createExtension({ annotations, description }) {
      if (!annotations?.name) throw invalidArgument("extension name must be provided");
      const extension = await store.update(tx =>
        tx.extension.create({
          ...create(ExtensionSchema, { id: newId(random), description }),
          meta: newMeta(),
          annotations,
        }),
      );
      return { extension };
    },

    async removeExtension(request) {
      const id = required(request.extensionId, "extension ID must be provided");
      await store.update(tx => {
        const extension = tx.extension.get(id);
        if (!extension) throw notFound("extension", id);
        checkUnused(tx, extension.annotations.name);
        tx.extension.remove(id);
      });
      return {};
    },
  };
}

function checkUnused(tx: ReadTx, name: string): void {
  const users = [...tx.resource.all()].filter(resource => resource.kind === name);
  if (users.length === 0) return;
  const noun = users.length === 1 ? "resource" : "resources";
  const names = users.map(({ annotations }) => annotations.name).join(", ");
  throw invalidArgument(`extension '${name}' is in use by the following ${noun}: ${names}`);
}
