import { imageLabel } from "./namespace.ts";
import { sameSpec } from "./same-spec.ts";
import type { ServiceSpec } from "./spec.ts";

interface Circumstances {
  /** Ids of networks by their names: stored specs have ids where the file has names. */
  readonly networkIds: ReadonlyMap<string, string>;
  /** Its tasks are to start anew, whatever else changes. */
  readonly forced: boolean;
}

/** The spec to update a service to; undefined when what is there is as good. */
export function changeOf(
  wanted: ServiceSpec,
  before: ServiceSpec,
  circumstances: Circumstances,
): ServiceSpec | undefined {
  const { networkIds, forced } = circumstances;
  const next = keepingForce(wanted, before, forced ? 1 : 0);
  return sameSpec(withNetworkIds(next, networkIds), withNetworkIds(before, networkIds)) ? undefined : next;
}

/** The spec with the count of forced updates that there have been, and `more`. */
export function keepingForce(wanted: ServiceSpec, before: ServiceSpec, more = 0): ServiceSpec {
  const ForceUpdate = (before.TaskTemplate.ForceUpdate ?? 0) + more;
  return { ...wanted, TaskTemplate: { ...wanted.TaskTemplate, ForceUpdate } };
}

/** The spec with the image that runs already, pinned as it may be, where the file still names the same one. */
export function keepingImage(wanted: ServiceSpec, before: ServiceSpec): ServiceSpec {
  if (before.Labels?.[imageLabel] !== wanted.Labels?.[imageLabel]) return wanted;
  const { ContainerSpec, Placement } = before.TaskTemplate;
  return withImage(wanted, ContainerSpec.Image, platformsOf(Placement));
}

/** The spec with an image and the platforms it is there for, unless it names platforms itself. */
export function withImage(spec: ServiceSpec, Image: string, Platforms: readonly object[]): ServiceSpec {
  const { TaskTemplate } = spec;
  const placement = typeof TaskTemplate.Placement === "object" ? TaskTemplate.Placement : {};
  const Placement = Platforms.length > 0 ? { Platforms, ...placement } : placement;
  const ContainerSpec = { ...TaskTemplate.ContainerSpec, Image };
  return { ...spec, TaskTemplate: { ...TaskTemplate, ContainerSpec, Placement } };
}

function platformsOf(placement: unknown): object[] {
  if (typeof placement !== "object" || placement === null || !("Platforms" in placement)) return [];
  return Array.isArray(placement.Platforms) ? placement.Platforms : [];
}

function withNetworkIds(spec: ServiceSpec, ids: ReadonlyMap<string, string>): ServiceSpec {
  const networks = spec.TaskTemplate.Networks;
  if (!Array.isArray(networks)) return spec;
  const Networks = networks
    .map((one: { Target: string }) => ({ ...one, Target: ids.get(one.Target) ?? one.Target }))
    .sort((a, b) => (a.Target < b.Target ? -1 : 1));
  return { ...spec, TaskTemplate: { ...spec.TaskTemplate, Networks } };
}
