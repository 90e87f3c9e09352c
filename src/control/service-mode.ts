import type { Service } from "../model/objects.ts";

export type ServiceMode =
  | { readonly kind: "replicated"; readonly replicas: number }
  | { readonly kind: "global" }
  | { readonly kind: "job"; readonly name: "replicated-job" | "global-job" };

/** How a service's tasks are counted. A spec without a mode is one replica, as Docker reads it. */
export function modeOf(service: Service): ServiceMode {
  const { mode } = service.spec;
  switch (mode.case) {
    case "replicated":
      return { kind: "replicated", replicas: Number(mode.value.replicas) };
    case "global":
      return { kind: "global" };
    case "replicatedJob":
      return { kind: "job", name: "replicated-job" };
    case "globalJob":
      return { kind: "job", name: "global-job" };
    case undefined:
      return { kind: "replicated", replicas: 1 };
    default:
      return mode satisfies never;
  }
}
