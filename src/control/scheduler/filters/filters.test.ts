import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { Node } from "../../../model/objects.ts";
import type { Task } from "../../../model/task.ts";
import { NetworkAttachmentSchema } from "../../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import {
  Mount_Type as MountType,
  PortConfig_Protocol as Protocol,
  PortConfig_PublishMode as PublishMode,
} from "../../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import {
  aNetwork,
  aNode,
  aService,
  aTask,
  type NodeInit,
  type ServiceInit,
  type TaskSpecInit,
} from "../../objects.test-kit.ts";
import type { Filter } from "../filter.ts";
import { Place } from "../place.ts";
import { constraints } from "./constraints.ts";
import { hostPorts } from "./host-ports.ts";
import { maxReplicas } from "./max-replicas.ts";
import { overlay } from "./overlay.ts";
import { platform } from "./platform.ts";
import { plugins } from "./plugins.ts";
import { resources } from "./resources.ts";

const none = { of: "nothing" } as const;

/** Whether the node passes; with nothing to look at, whether the filter stands aside. */
function passes(filter: Filter, task: Task, node: Node, there: readonly Task[] = []): boolean | typeof none {
  const place = new Place(node);
  for (const each of there) place.usage.count({ ...each, nodeId: node.id }, 1);
  const check = filter.prepare(task);
  return check ? check(place) : none;
}

const taskOf = (init: ServiceInit, id = "t"): Task => aTask(aService("s", init), id);

describe("constraints", () => {
  const node: Node = {
    ...aNode("n1", { labels: { disk: "ssd" } }),
    status: { ...aNode("n1").status, addr: "10.1.2.3" },
  };
  const told: Node = {
    ...node,
    description: { ...node.description!, engine: { ...node.description!.engine!, labels: { gpu: "yes" } } },
  };

  it.each<[string[], boolean | typeof none]>([
    [[], none],
    [["node.id==n1"], true],
    [["node.id!=n1"], false],
    [["node.hostname==N1"], true],
    [["node.hostname!=n1"], false],
    [["node.role==worker"], true],
    [["node.role!=worker"], false],
    [["node.ip==10.1.2.3"], true],
    [["node.ip!=10.1.2.3"], false],
    [["node.ip==10.1.0.0/16"], true],
    [["node.ip!=10.1.0.0/16"], false],
    [["node.ip==fd00::/8"], false],
    [["node.platform.os==linux"], true],
    [["node.platform.os!=linux"], false],
    [["node.platform.arch==x86_64"], true],
    [["node.platform.arch!=x86_64"], false],
    [["node.labels.disk==SSD"], true],
    [["node.labels.disk!=ssd"], false],
    [["node.labels.Disk==ssd"], false],
    [["node.labels.other!=x"], true],
    [["engine.labels.gpu==yes"], true],
    [["engine.labels.gpu!=yes"], false],
    [["node.labels.disk==ssd", "engine.labels.gpu==no"], false],
  ])("%j: %j", (wanted, expected) => {
    expect(passes(constraints, taskOf({ task: { placement: { constraints: wanted } } }), told)).toEqual(expected);
  });
});

describe("platforms", () => {
  const pairs: [string, string, boolean][] = [
    ["amd64", "x86_64", true],
    ["x86_64", "amd64", true],
    ["arm64", "aarch64", true],
    ["arm", "armv7l", true],
    ["386", "i686", true],
    ["amd64", "aarch64", false],
    ["s390x", "s390x", true],
    ["", "riscv64", true],
  ];
  it.each(pairs)("an image for %j on a node of %s: %s", (architecture, arch, expected) => {
    const task = taskOf({ task: { placement: { platforms: [{ os: "linux", architecture }] } } });
    expect(passes(platform, task, aNode("n", { arch }))).toBe(expected);
  });

  it("takes any of several, and minds the system", () => {
    const task = (...platforms: { os: string; architecture: string }[]) =>
      taskOf({ task: { placement: { platforms } } });
    const both = task({ os: "linux", architecture: "arm64" }, { os: "linux", architecture: "amd64" });
    expect(passes(platform, both, aNode("n"))).toBe(true);
    expect(passes(platform, task({ os: "windows", architecture: "amd64" }), aNode("n"))).toBe(false);
    expect(passes(platform, task(), aNode("n"))).toBe(none);
  });
});

describe("resources", () => {
  const counted = (kind: string, value: bigint) =>
    ({ resource: { case: "discreteResourceSpec", value: { kind, value } } }) as const;
  const named = (kind: string, value: string) =>
    ({ resource: { case: "namedResourceSpec", value: { kind, value } } }) as const;
  const reserving = (reservations: NonNullable<TaskSpecInit["resources"]>["reservations"] & object): ServiceInit => ({
    task: { resources: { reservations } },
  });

  it.each<[string, NodeInit, ServiceInit, boolean | typeof none]>([
    ["nothing", {}, {}, none],
    ["all there is", { cpus: 2, memory: 100n }, reserving({ nanoCpus: 2_000_000_000n, memoryBytes: 100n }), true],
    ["a CPU too many", { cpus: 2 }, reserving({ nanoCpus: 2_000_000_001n }), false],
    ["a byte too many", { memory: 99n }, reserving({ memoryBytes: 100n }), false],
    ["enough of a kind", { generic: [counted("gpu", 2n)] }, reserving({ generic: [counted("gpu", 2n)] }), true],
    ["too many of a kind", { generic: [counted("gpu", 2n)] }, reserving({ generic: [counted("gpu", 3n)] }), false],
    ["another kind", { generic: [counted("gpu", 2n)] }, reserving({ generic: [counted("fpga", 1n)] }), false],
    [
      "two kinds",
      { generic: [counted("gpu", 1n), named("fpga", "a")] },
      reserving({ generic: [counted("gpu", 1n), counted("fpga", 1n)] }),
      true,
    ],
    [
      "one of two kinds",
      { generic: [counted("gpu", 1n)] },
      reserving({ generic: [counted("gpu", 1n), counted("fpga", 1n)] }),
      false,
    ],
    [
      "enough names",
      { generic: [named("gpu", "a"), named("gpu", "b")] },
      reserving({ generic: [counted("gpu", 2n)] }),
      true,
    ],
    [
      "too few names",
      { generic: [named("gpu", "a"), named("gpu", "b")] },
      reserving({ generic: [counted("gpu", 3n)] }),
      false,
    ],
  ])("reserving %s", (_, node, service, expected) => {
    expect(passes(resources, taskOf(service), aNode("n", node))).toEqual(expected);
  });

  it("are less by what others were given", () => {
    const wants = taskOf(reserving({ generic: [counted("gpu", 1n)] }));
    const given = (name: string): Task => ({
      ...taskOf({}, name),
      assignedGenericResources: [
        {
          $typeName: "docker.swarmkit.v1.GenericResource",
          resource: {
            case: "namedResourceSpec",
            value: { $typeName: "docker.swarmkit.v1.NamedGenericResource", kind: "gpu", value: name },
          },
        },
      ],
    });
    const node = aNode("n", { generic: [named("gpu", "a"), named("gpu", "b")] });
    expect(passes(resources, wants, node, [given("a")])).toBe(true);
    expect(passes(resources, wants, node, [given("a"), given("b")])).toBe(false);
  });
});

describe("plugins", () => {
  const mounting = (name: string): ServiceInit => ({
    task: {
      runtime: {
        case: "container",
        value: { mounts: [{ type: MountType.VOLUME, volumeOptions: { driverConfig: { name } } }] },
      },
    },
  });
  const attached = (driver: string): Task => ({
    ...taskOf({}),
    networks: [
      {
        $typeName: "docker.swarmkit.v1.NetworkAttachment",
        network: aNetwork("net", driver),
        addresses: [],
        aliases: [],
        driverAttachmentOpts: {},
      },
    ],
  });
  const logging = (name: string): Task => ({
    ...taskOf({}),
    logDriver: { $typeName: "docker.swarmkit.v1.Driver", name, options: {} },
  });

  it.each<[string, Task, { type: string; name: string }[], boolean | typeof none]>([
    ["nothing", taskOf({}), [], none],
    ["the engine's own volumes", taskOf(mounting("local")), [], none],
    ["a volume driver", taskOf(mounting("nfs")), [{ type: "Volume", name: "nfs" }], true],
    ["a volume driver with a tag", taskOf(mounting("nfs")), [{ type: "Volume", name: "nfs:latest" }], true],
    ["a volume driver that is a log driver", taskOf(mounting("nfs")), [{ type: "Log", name: "nfs" }], false],
    ["no volume driver", taskOf(mounting("nfs")), [], false],
    ["the swarm's own networks", attached("overlay"), [], none],
    ["a network driver", attached("weave"), [{ type: "Network", name: "weave" }], true],
    ["no network driver", attached("weave"), [{ type: "Volume", name: "weave" }], false],
    ["a log driver", logging("syslog"), [{ type: "Log", name: "syslog" }], true],
    ["another log driver", logging("syslog"), [{ type: "Log", name: "json-file" }], false],
    ["a log driver where none is told of", logging("syslog"), [], true],
    ["no log", logging("none"), [{ type: "Log", name: "json-file" }], none],
  ])("for %s", (_, task, present, expected) => {
    expect(passes(plugins, task, aNode("n", { plugins: present }))).toEqual(expected);
  });
});

describe("ports of the node itself", () => {
  const published = (publishedPort: number, protocol = Protocol.TCP, publishMode = PublishMode.HOST): Task =>
    taskOf({ ports: [{ targetPort: 80, publishedPort, protocol, publishMode }] }, `${publishedPort}/${protocol}`);

  it.each<[string, Task, Task[], boolean | typeof none]>([
    ["that nobody has", published(80), [published(81)], true],
    ["that another has", published(80), [published(80)], false],
    ["of another protocol", published(53, Protocol.UDP), [published(53)], true],
    ["that are the swarm's", published(80, Protocol.TCP, PublishMode.INGRESS), [published(80)], none],
    ["that the node chooses", published(0), [published(0)], none],
    ["that the swarm publishes too", published(80), [published(80, Protocol.TCP, PublishMode.INGRESS)], true],
  ])("%s", (_, task, there, expected) => {
    expect(passes(hostPorts, task, aNode("n"), there)).toEqual(expected);
  });
});

describe("replicas on a node", () => {
  const limited = taskOf({ task: { placement: { maxReplicas: 2n } } });

  it.each<[number, boolean]>([
    [0, true],
    [1, true],
    [2, false],
    [3, false],
  ])("with %d there and 2 allowed: %s", (count, expected) => {
    const there = Array.from({ length: count }, (_, i) => taskOf({}, `x${i}`));
    expect(passes(maxReplicas, limited, aNode("n"), there)).toBe(expected);
  });

  it("are not limited where nothing is said, and not by another service's", () => {
    expect(passes(maxReplicas, taskOf({}), aNode("n"))).toBe(none);
    const others = Array.from({ length: 5 }, (_, i) => aTask(aService("other"), `o${i}`));
    expect(passes(maxReplicas, limited, aNode("n"), others)).toBe(true);
  });
});

describe("overlay networks", () => {
  const on = (...drivers: string[]): Task => ({
    ...taskOf({}),
    networks: drivers.map(driver => create(NetworkAttachmentSchema, { network: aNetwork(driver, driver) })),
  });

  it.each<[string, Task, Node, boolean | typeof none]>([
    ["a task without networks", on(), aNode("n1", { stock: true }), none],
    ["a task on a node's own network", on("host"), aNode("n1", { stock: true }), none],
    ["a task on an overlay", on("overlay"), aNode("n1", { stock: true }), false],
    ["a task on an overlay", on("host", "overlay"), aNode("n1"), true],
  ])("%s, %#", (_, task, node, expected) => {
    expect(passes(overlay, task, node)).toEqual(expected);
  });

  it("says why", () => {
    expect(overlay.explain(2)).toBe("overlay networks not served by a stock engine on 2 nodes");
  });
});
