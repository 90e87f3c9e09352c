import { cpus, machine, totalmem } from "node:os";
import { create } from "@bufbuild/protobuf";
import {
  type GenericResource,
  type NodeDescription,
  NodeDescriptionSchema,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import type { CgroupVersion } from "./cgroups.ts";
import type { Isolation } from "./isolation.ts";

export interface DescribeOptions {
  readonly hostname: string;
  /** Shoal's own version, shown as the engine's. */
  readonly version: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly genericResources: readonly GenericResource[];
  readonly isolation: Isolation;
  readonly cgroups: CgroupVersion;
  /** Where the machine's user may ask for names, ADDRESS:PORT. */
  readonly names: string;
}

const isolationTexts: Readonly<Record<Isolation, string>> = {
  namespaces: "no isolation boundary: tasks are processes of this machine, in a PID and mount namespace of their own",
  session: "no isolation boundary: tasks are processes of this machine, in a session of their own and no more",
};

const limitTexts: Readonly<Record<CgroupVersion, string>> = {
  v1: "cgroup v1",
  v2: "cgroup v2",
  none: "not enforced: no control groups for this user",
};

/**
 * Network drivers that services may name: tasks of this runtime are all on the machine's own network, and a service that
 * asks for another one still runs.
 */
const networkDrivers = ["bridge", "host", "null", "overlay"];

/** This machine, as the embedded runtime offers it to the swarm; its engine labels say that it is no boundary. */
export function describeNode(options: DescribeOptions): NodeDescription {
  return create(NodeDescriptionSchema, {
    hostname: options.hostname,
    platform: { architecture: machine(), os: "linux" },
    resources: {
      nanoCpus: BigInt(Math.max(1, cpus().length)) * 1_000_000_000n,
      memoryBytes: BigInt(totalmem()),
      generic: [...options.genericResources],
    },
    engine: {
      engineVersion: options.version,
      labels: {
        ...options.labels,
        "shoal.runtime": "embedded",
        "shoal.isolation": isolationTexts[options.isolation],
        "shoal.limits": limitTexts[options.cgroups],
        "shoal.names": options.names,
      },
      plugins: [{ type: "Log", name: "json-file" }, ...networkDrivers.map(name => ({ type: "Network", name }))],
    },
  });
}
