import { filledIn } from "../environment.ts";
import type { Network } from "../project-schema.ts";
import { filled, said } from "../said.ts";
import type { Service } from "../service-schema.ts";
import type { Namespace } from "./namespace.ts";

/** Networks that every node has, which know no aliases. */
const predefined = new Set(["host", "bridge", "none", "default"]);

export function isPredefined(name: string): boolean {
  return predefined.has(name);
}

/** A network's name in the swarm. */
export function networkName(name: string, network: Network | undefined, namespace: Namespace): string {
  return network?.name ?? (network?.external ? name : namespace.scoped(name));
}

/** What a service is attached to, by name: the stack's default network unless it names others. */
export function attachmentsOf(
  name: string,
  service: Service,
  networks: Readonly<Record<string, Network>>,
  namespace: Namespace,
): object[] {
  const attached = Object.entries(service.networks ?? {});
  const all = attached.length > 0 ? attached : [["default", null] as const];
  return all
    .map(([network, how]) => {
      const Target = networkName(network, networks[network], namespace);
      return said({
        Target,
        Aliases: isPredefined(Target) ? how?.aliases : [...(how?.aliases ?? []), name],
        DriverOpts: filled(filledIn(how?.driver_opts)),
      }) as { Target: string };
    })
    .sort((a, b) => (a.Target < b.Target ? -1 : 1));
}
