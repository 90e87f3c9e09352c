import { type ControlApiParts, type Methods, notFound, required } from "./parts.ts";
import { runtimeName } from "./runtime-name.ts";
import { isAmong, selectBySpec } from "./select.ts";
import { createService } from "./service-create.ts";
import { withDefaults } from "./service-defaults.ts";
import { listServiceStatuses } from "./service-statuses.ts";
import { updateService } from "./service-update.ts";

type ServiceMethods = Methods<
  "getService" | "listServices" | "listServiceStatuses" | "createService" | "updateService" | "removeService"
>;

export function serviceMethods(parts: ControlApiParts): ServiceMethods {
  const { store } = parts;
  return {
    ...createService(parts),
    ...updateService(parts),
    ...listServiceStatuses(parts),

    async getService(request) {
      const id = required(request.serviceId);
      const service = store.view(tx => tx.service.get(id));
      if (!service) throw notFound("service", id);
      return { service: request.insertDefaults ? withDefaults(service) : service };
    },

    async listServices({ filters }) {
      const services = store.view(tx => selectBySpec(tx.service, filters));
      return { services: services.filter(({ spec }) => isAmong(runtimeName(spec.task), filters?.runtimes ?? [])) };
    },

    /** Removes the service alone: its tasks are ended by the control loops. */
    async removeService(request) {
      const id = required(request.serviceId);
      await store.update(tx => {
        if (!tx.service.get(id)) throw notFound("service", id);
        tx.service.remove(id);
      });
      return {};
    },
  };
}
