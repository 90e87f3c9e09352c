import { range } from "../port.ts";
import { said } from "../said.ts";
import type { Port, Service } from "../service-schema.ts";
import { endpointModeOf } from "./deployment.ts";

/** How the service is reached from outside, its ports in the order of the published ones, as Docker's CLI has them. */
export function endpointOf({ ports = [], deploy = {} }: Service): object {
  const sorted = ports.flatMap(portsOf).sort((a, b) => (a.PublishedPort ?? 0) - (b.PublishedPort ?? 0));
  return said({ Mode: endpointModeOf(deploy), Ports: sorted });
}

interface PortConfig {
  readonly Protocol: string;
  readonly TargetPort: number;
  readonly PublishedPort?: number;
  readonly PublishMode: string;
}

function portsOf({ target, published, protocol = "tcp", mode = "ingress" }: Port): PortConfig[] {
  const port = { Protocol: protocol, TargetPort: target, PublishMode: mode };
  if (published === undefined || published === "0") return [port];
  return range(published).map(PublishedPort => ({ ...port, PublishedPort }));
}
