import { create } from "@bufbuild/protobuf";
import {
  type GenericResource,
  type NodeDescription,
  NodeDescriptionSchema,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { EngineInfo } from "./types.ts";

/** What the daemon's settings add to what the engine says of the machine. */
export interface NodeSettings {
  /** Instead of the engine's own name, where several daemons share one engine. */
  readonly hostname?: string;
  /** The daemon's labels, beside the engine's. */
  readonly labels: Readonly<Record<string, string>>;
  readonly genericResources: readonly GenericResource[];
}

/** The engine's `/info` as the swarm wants to know it. */
export function nodeDescription(info: EngineInfo, settings: NodeSettings): NodeDescription {
  return create(NodeDescriptionSchema, {
    hostname: settings.hostname ?? info.Name,
    platform: { architecture: info.Architecture, os: info.OSType },
    resources: {
      nanoCpus: BigInt(info.NCPU) * 1_000_000_000n,
      memoryBytes: BigInt(info.MemTotal),
      generic: [...settings.genericResources],
    },
    engine: {
      engineVersion: info.ServerVersion,
      labels: { ...engineLabels(info.Labels ?? []), ...settings.labels },
      plugins: plugins(info),
    },
  });
}

/** What a node says of itself whose tasks cannot be on overlay networks: the scheduler looks at its plugins. */
export function withoutOverlays(description: NodeDescription): NodeDescription {
  const { engine } = description;
  if (!engine) return description;
  const plugins = engine.plugins.filter(({ type, name }) => type !== "Network" || name !== "overlay");
  return { ...description, engine: { ...engine, plugins } };
}

function engineLabels(labels: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    labels.map(label => {
      const at = label.indexOf("=");
      return at < 0 ? [label, ""] : [label.slice(0, at), label.slice(at + 1)];
    }),
  );
}

/** Sorted, so that an unchanged node describes itself unchanged. */
function plugins(info: EngineInfo): { type: string; name: string }[] {
  const all = Object.entries(info.Plugins ?? {}).flatMap(([type, names]) =>
    (names ?? []).map(name => ({ type, name })),
  );
  const key = (plugin: { type: string; name: string }): string => `${plugin.type}\0${plugin.name}`;
  return all.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
