import { create } from "@bufbuild/protobuf";
import { newId } from "../lib/ids.ts";
import { newMeta, type Secret } from "../model/objects.ts";
import { SecretSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { SecretSpec } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { AnnotationsSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { isUnchanged, relabelled } from "./data-update.ts";
import { checkDataName } from "./names.ts";
import { type ControlApiParts, invalidArgument, type Methods, notFound, required } from "./parts.ts";
import { withoutData } from "./redacted.ts";
import { selectAnyBySpec } from "./select.ts";
import { checkUnused } from "./usage.ts";
import { atVersion } from "./versioned.ts";

/** Bytes of a secret must be fewer than this. */
const secretSizeLimit = 500 * 1024;

/** Secrets. Their data goes to the nodes that need it and is never shown again. */
export function secretMethods({
  store,
  random,
}: ControlApiParts): Methods<"getSecret" | "listSecrets" | "createSecret" | "updateSecret" | "removeSecret"> {
  return {
    async getSecret(request) {
      const id = required(request.secretId, "secret ID must be provided");
      const secret = store.view(tx => tx.secret.get(id));
      if (!secret) throw notFound("secret", id);
      return { secret: withoutData(secret) };
    },

    async listSecrets({ filters }) {
      const secrets = store.view(tx => selectAnyBySpec(tx.secret, filters)).filter(secret => !secret.internal);
      return { secrets: secrets.map(withoutData) };
    },

    async createSecret(request) {
      const spec = checkedSpec(request.spec);
      const secret = await store.update(tx =>
        tx.secret.create({ ...create(SecretSchema, { id: newId(random) }), meta: newMeta(), spec }),
      );
      return { secret: withoutData(secret) };
    },

    async updateSecret(request) {
      const id = required(request.secretId);
      const version = required(request.secretVersion);
      const sent = required(request.spec);
      const secret = await store.update(tx => {
        const current = tx.secret.get(id);
        if (!current) throw notFound("secret", id);
        const spec = relabelled(current.spec, sent);
        if (isUnchanged(current, version, spec)) return current;
        return tx.secret.update({ ...atVersion(current, version), spec });
      });
      return { secret: withoutData(secret) };
    },

    async removeSecret(request) {
      const id = required(request.secretId, "secret ID must be provided");
      await store.update(tx => {
        const secret = tx.secret.get(id);
        if (!secret) throw notFound("secret", id);
        checkUnused("secret", secret.spec.annotations.name, tx.service.bySecret(id));
        tx.secret.remove(id);
      });
      return {};
    },
  };
}

function checkedSpec(sent: SecretSpec | undefined): Secret["spec"] {
  const spec = { ...required(sent), annotations: sent?.annotations ?? create(AnnotationsSchema) };
  checkDataName(spec.annotations);
  if (spec.driver) {
    if (spec.driver.name === "") throw invalidArgument("secret driver must have a name");
    throw invalidArgument(`error during lookup of plugin ${spec.driver.name}`);
  }
  if (spec.data.length === 0 || spec.data.length >= secretSizeLimit)
    throw invalidArgument(`secret data must be larger than 0 and less than ${secretSizeLimit} bytes`);
  return spec;
}
