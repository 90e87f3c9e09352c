import { create } from "@bufbuild/protobuf";
import { Fault } from "../../lib/fault.ts";
import type { Task } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import {
  type PortConfig,
  PortConfig_Protocol,
  PortConfig_PublishMode,
  PortConfigSchema,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";

/** One published port of a task, and the loopback port that the task was told to listen on for it. */
export interface PlannedPort {
  readonly name: string;
  readonly protocol: "tcp" | "udp";
  readonly mode: "host" | "ingress";
  readonly targetPort: number;
  /**
   * Where this node has it for this task alone: in host mode what the service asks for, 0 for any free one; in ingress
   * mode a port of the task's own, by which the other nodes reach it.
   */
  readonly publishedPort: number;
  readonly localPort: number;
}

const highestPort = 65_535;

/**
 * The published ports of a task, each with a loopback port of the task's own: tasks share this machine's network, so two
 * replicas cannot both listen on the target port. Faults invalid_argument for a port that cannot be.
 */
export async function planPorts(
  task: Task,
  localPort: (protocol: PlannedPort["protocol"]) => Promise<number>,
): Promise<PlannedPort[]> {
  const allocated = task.endpoint?.ports ?? [];
  const configs = allocated.length > 0 ? allocated : (task.endpoint?.spec?.ports ?? []);
  const byTarget = new Map<string, number>();
  const planned: PlannedPort[] = [];
  for (const config of configs) {
    const protocol = protocolOf(config);
    for (const port of [config.targetPort, config.publishedPort])
      if (port > highestPort) throw new Fault("invalid_argument", `invalid port specification: "${port}"`);
    const target = `${protocol}/${config.targetPort}`;
    const port = byTarget.get(target) ?? (await localPort(protocol));
    byTarget.set(target, port);
    const isHost = config.publishMode === PortConfig_PublishMode.HOST;
    planned.push({
      name: config.name,
      protocol,
      mode: isHost ? "host" : "ingress",
      targetPort: config.targetPort,
      publishedPort: isHost ? config.publishedPort : await localPort(protocol),
      localPort: port,
    });
  }
  return planned;
}

function protocolOf(config: PortConfig): PlannedPort["protocol"] {
  switch (config.protocol) {
    case PortConfig_Protocol.TCP:
      return "tcp";
    case PortConfig_Protocol.UDP:
      return "udp";
    default:
      throw new Fault(
        "invalid_argument",
        `Cannot publish port ${config.targetPort}: the embedded runtime forwards TCP and UDP alone`,
      );
  }
}

/** The port as a task's status reports it, with the number that it was really published on. */
export function publishedConfig(port: PlannedPort, publishedPort: number): PortConfig {
  return create(PortConfigSchema, {
    name: port.name,
    protocol: port.protocol === "udp" ? PortConfig_Protocol.UDP : PortConfig_Protocol.TCP,
    targetPort: port.targetPort,
    publishedPort,
    publishMode: port.mode === "host" ? PortConfig_PublishMode.HOST : PortConfig_PublishMode.INGRESS,
  });
}
