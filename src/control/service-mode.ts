import type { Service } from "../model/objects.ts";

export type ServiceMode =
  | { readonly kind: "replicated"; readonly replicas: number }
  | { readonly kind: "global" }
  /** So many tasks are to end well, so many of them at a time. */
  | { readonly kind: "replicated-job"; readonly total: number; readonly concurrent: number }
  | { readonly kind: "global-job" };

/** How a service's tasks are counted. A spec without a mode is one replica, as Docker reads it. */
export function modeOf(service: Service): ServiceMode {
  const { mode } = service.spec;
  switch (mode.case) {
    case "replicated":
      return { kind: "replicated", replicas: Number(mode.value.replicas) };
    case "global":
      return { kind: "global" };
    case "replicatedJob":
      return {
        kind: "replicated-job",
        total: Number(mode.value.totalCompletions),
        concurrent: Number(mode.value.maxConcurrent),
      };
    case "globalJob":
      return { kind: "global-job" };
    case undefined:
      return { kind: "replicated", replicas: 1 };
    default:
      return mode satisfies never;
  }
}

/** Whether the service's tasks are to end, and its updates start them once more. */
export function isJob({ spec: { mode } }: Service): boolean {
  return mode.case === "replicatedJob" || mode.case === "globalJob";
}
