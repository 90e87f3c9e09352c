import { create } from "@bufbuild/protobuf";
import { Fault } from "../../lib/fault.ts";
import {
  type Network,
  NetworkSchema,
  type Service,
  ServiceSchema,
} from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { ServiceSpec } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { toServiceSpec } from "../convert/service-spec.ts";
import type { ControlMethods } from "../fakes.test-kit.ts";

/** A service as the cluster's API shows it. */
export function service(
  id: string,
  name: string,
  more: { mode?: object; auth?: string; previousAuth?: string } = {},
): Service {
  const specWith = (registryAuth: string | undefined) => {
    const spec = toServiceSpec({
      Name: name,
      TaskTemplate: { ContainerSpec: { Image: "busybox" } },
      ...(more.mode ? { Mode: more.mode } : {}),
    });
    const runtime = spec.task?.runtime;
    if (registryAuth !== undefined && runtime?.case === "container") {
      runtime.value.pullOptions = { $typeName: "docker.swarmkit.v1.ContainerSpec.PullOptions", registryAuth };
    }
    return spec;
  };
  const previousSpec = more.previousAuth === undefined ? {} : { previousSpec: specWith(more.previousAuth) };
  return create(ServiceSchema, { id, meta: { version: { index: 5n } }, spec: specWith(more.auth), ...previousSpec });
}

const network = (id: string, name: string): Network => create(NetworkSchema, { id, spec: { annotations: { name } } });

/** A cluster's API over lists, with the look-ups that SwarmKit's has; remembers every write. */
export class Cluster {
  services: Service[] = [];
  networks: Network[] = [network("n1ov", "ov1"), network("n2host", "host"), network("n3br", "bridge")];
  readonly writes: { readonly what: string; readonly request: unknown }[] = [];
  readonly listed: unknown[] = [];
  readonly created: ServiceSpec[] = [];

  readonly methods: ControlMethods = {
    getNetwork: async ({ networkId }) => ({
      $typeName: "docker.swarmkit.v1.GetNetworkResponse",
      network: found(this.networks, ({ id }) => id === networkId),
    }),
    listNetworks: async ({ filters }) => ({
      $typeName: "docker.swarmkit.v1.ListNetworksResponse",
      networks: this.networks.filter(
        ({ id, spec }) =>
          filters?.names?.includes(spec?.annotations?.name ?? "") ||
          filters?.idPrefixes?.some(prefix => id.startsWith(prefix)),
      ),
    }),
    getService: async ({ serviceId, insertDefaults }) => {
      const service = found(this.services, ({ id }) => id === serviceId);
      this.listed.push({ insertDefaults });
      return { $typeName: "docker.swarmkit.v1.GetServiceResponse", service };
    },
    listServices: async ({ filters }) => {
      this.listed.push(filters);
      const lookup = (filters?.names?.length ?? 0) > 0 || (filters?.idPrefixes?.length ?? 0) > 0;
      return {
        $typeName: "docker.swarmkit.v1.ListServicesResponse",
        services: this.services.filter(
          ({ id, spec }) =>
            !lookup ||
            filters?.names?.includes(spec?.annotations?.name ?? "") ||
            filters?.idPrefixes?.some(prefix => id.startsWith(prefix)),
        ),
      };
    },
    listServiceStatuses: async ({ services = [] }) => ({
      $typeName: "docker.swarmkit.v1.ListServiceStatusesResponse",
      statuses: services.map(serviceId => ({
        $typeName: "docker.swarmkit.v1.ListServiceStatusesResponse.ServiceStatus",
        serviceId,
        desiredTasks: 2n,
        runningTasks: 1n,
        completedTasks: 0n,
      })),
    }),
    createService: async request => {
      this.writes.push({ what: "create", request });
      const spec = create(ServiceSchema, { spec: request.spec }).spec as ServiceSpec;
      const name = spec.annotations?.name;
      if (this.services.some(other => other.spec?.annotations?.name === name)) {
        const text = `name conflicts with an existing object: service ${name} already exists`;
        throw new Fault("already_exists", text);
      }
      this.created.push(spec);
      const made = create(ServiceSchema, { id: `new${this.created.length}`, spec });
      this.services.push(made);
      return { $typeName: "docker.swarmkit.v1.CreateServiceResponse", service: made };
    },
    updateService: async request => {
      this.writes.push({ what: "update", request });
      if (request.serviceVersion?.index !== 5n) throw new Fault("unknown", "update out of sequence");
      return { $typeName: "docker.swarmkit.v1.UpdateServiceResponse" };
    },
    removeService: async request => {
      this.writes.push({ what: "remove", request });
      return { $typeName: "docker.swarmkit.v1.RemoveServiceResponse" };
    },
  };
}

function found<T>(objects: readonly T[], matches: (object: T) => boolean): T {
  const object = objects.find(matches);
  if (!object) throw new Fault("not_found", "not found");
  return object;
}
