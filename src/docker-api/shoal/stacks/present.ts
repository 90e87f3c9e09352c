import type { Namespace } from "../../../compose/stack/namespace.ts";
import type { Present, PresentFile } from "../../../compose/stack/plan.ts";
import type { ServiceSpec } from "../../../compose/stack/spec.ts";
import type { Config, Secret } from "../../../model/objects.ts";
import { versionOf } from "../../../model/objects.ts";
import type { ReadTx } from "../../../store/tx.ts";
import { integer } from "../../answer.ts";
import { fromService } from "../../convert/service.ts";

/** What this manager knows of that a stack may be made of. Secrets' contents are compared with, and go nowhere. */
export function presentFor(namespace: Namespace, tx: ReadTx): Present {
  const [label] = namespace.filter.label;
  const services = [...tx.service.all()].filter(({ spec }) =>
    Object.entries(spec.annotations.labels).some(([key, value]) => `${key}=${value}` === label),
  );
  return {
    services: new Map(
      services.map(service => {
        const spec = fromService(service).Spec as object as ServiceSpec;
        return [spec.Name, { id: service.id, version: integer(versionOf(service)), spec }];
      }),
    ),
    networks: new Map([...tx.network.all()].map(network => [network.spec.annotations.name, network.id])),
    secrets: new Map([...tx.secret.all()].map(secret => [secret.spec.annotations.name, fileOf(secret)])),
    configs: new Map([...tx.config.all()].map(config => [config.spec.annotations.name, fileOf(config)])),
  };
}

function fileOf(object: Secret | Config): PresentFile {
  const { annotations, data } = object.spec;
  return {
    ...{ id: object.id, version: integer(versionOf(object)), labels: annotations.labels },
    data: Buffer.from(data).toString("base64"),
  };
}
