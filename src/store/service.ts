import type { Service } from "../model/objects.ts";
import { configsOf, networksOfService, secretsOf } from "./references.ts";
import { Table, type TableContext } from "./table.ts";
import type { ReferenceIndexes } from "./tx.ts";

export class ServiceTable extends Table<"service"> implements ReferenceIndexes<Service> {
  readonly #network = this.index(service => networksOfService(service.spec));
  readonly #secret = this.index(service => secretsOf(service.spec.task));
  readonly #config = this.index(service => configsOf(service.spec.task));

  constructor(context: TableContext) {
    super(context, {
      kind: "service",
      nameOf: service => service.spec.annotations.name,
      nameTaken: name => `name conflicts with an existing object: service ${name} already exists`,
    });
  }

  byNetwork(id: string): Service[] {
    return this.under(this.#network, id);
  }

  bySecret(id: string): Service[] {
    return this.under(this.#secret, id);
  }

  byConfig(id: string): Service[] {
    return this.under(this.#config, id);
  }
}
