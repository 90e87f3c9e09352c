import { withImage } from "../../compose/stack/service-change.ts";
import type { ServiceSpec } from "../../compose/stack/spec.ts";
import { parseImage } from "../../lib/image-name.ts";
import type { Api } from "../api.ts";
import { ApiError } from "../failure.ts";

interface Distribution {
  readonly Descriptor: { readonly digest?: string };
  readonly Platforms?: readonly { readonly os?: string; readonly architecture?: string }[];
}

/** The spec with its image pinned to the digest that the registry has for it now, or why that cannot be. */
export async function pinned(
  api: Api,
  spec: ServiceSpec,
  auth: string | undefined,
): Promise<{ readonly spec: ServiceSpec; readonly warning?: string }> {
  const image = spec.TaskTemplate.ContainerSpec.Image;
  const name = parseImage(image);
  if (!name || name.digest) return { spec };
  try {
    const headers = auth === undefined ? {} : { "X-Registry-Auth": auth };
    const { Descriptor, Platforms = [] } = await api.get<Distribution>(`/distribution/${image}/json`, headers);
    if (!Descriptor.digest) return { spec };
    return { spec: withImage(spec, `${image}@${Descriptor.digest}`, Platforms.map(platformOf)) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const reason = "its digest is not recorded, and each node may run another version of it";
    return { spec, warning: `image ${image} could not be looked up in its registry: ${reason} (${error.message})` };
  }
}

/** Registries do not say which ARM an image is for: any will do (Moby: service create). */
function platformOf({ os = "", architecture = "" }: { readonly os?: string; readonly architecture?: string }): object {
  return { OS: os, Architecture: architecture.toLowerCase() === "arm" ? "" : architecture };
}
