import { create } from "@bufbuild/protobuf";
import { Fault } from "../../lib/fault.ts";
import type { Task } from "../../model/task.ts";
import {
  type PortConfig,
  PortConfigSchema,
  PortConfig_Protocol as Protocol,
  PortConfig_PublishMode as PublishMode,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { ContainerAnswer, PortBinding } from "./types.ts";

const protocolNames: Readonly<Record<Protocol, string>> = {
  [Protocol.TCP]: "tcp",
  [Protocol.UDP]: "udp",
  [Protocol.SCTP]: "sctp",
};

const highestPort = 65_535;

/** Ports that the task publishes on its node itself, without the routing mesh. */
export function hostPorts(task: Task): PortConfig[] {
  const ports = task.endpoint?.ports ?? [];
  return ports.filter(port => port.publishMode === PublishMode.HOST);
}

/** How the engine spells a container's port: "80/tcp". Faults invalid_argument with Docker's text. */
export function portKey(port: PortConfig): string {
  checkPort(port.targetPort);
  return `${port.targetPort}/${protocolNames[port.protocol] ?? "tcp"}`;
}

/** The engine's bindings; a published port of 0 means any free one. `hostIp` "" publishes on all addresses. */
export function portBindings(ports: readonly PortConfig[], hostIp: string): Record<string, PortBinding[]> {
  const bindings: Record<string, PortBinding[]> = {};
  for (const port of ports) {
    checkPort(port.publishedPort);
    const binding = {
      ...(hostIp === "" ? {} : { HostIp: hostIp }),
      HostPort: port.publishedPort === 0 ? "" : String(port.publishedPort),
    };
    const key = portKey(port);
    bindings[key] = [...(bindings[key] ?? []), binding];
  }
  return bindings;
}

/** The ports that a container has really published, each once (the engine lists IPv4 and IPv6 apart). */
export function publishedPorts(container: ContainerAnswer): PortConfig[] {
  const found = new Map<string, PortConfig>();
  for (const [key, bindings] of Object.entries(container.NetworkSettings.Ports ?? {})) {
    const [target = "", name = ""] = key.split("/");
    for (const binding of bindings ?? [])
      found.set(
        `${key} ${binding.HostPort}`,
        create(PortConfigSchema, {
          protocol: protocolOf(name),
          targetPort: Number(target),
          publishedPort: Number(binding.HostPort),
          publishMode: PublishMode.HOST,
        }),
      );
  }
  return [...found.values()];
}

function protocolOf(name: string): Protocol {
  if (name === "udp") return Protocol.UDP;
  return name === "sctp" ? Protocol.SCTP : Protocol.TCP;
}

function checkPort(port: number): void {
  if (port > highestPort) throw new Fault("invalid_argument", `invalid port specification: "${port}"`);
}
