import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { Task } from "../../model/task.ts";
import { TaskSchema } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { containerConfig } from "./container-config.ts";
import { type TaskNetworks, taskEndpoints } from "./task-networks.ts";

const here: TaskNetworks = { available: true, nameServers: () => ["10.0.1.1"] };
const nowhere: TaskNetworks = { available: false, reason: "it needs root" };

/** A task on the ingress network, "back" (IPv4 and IPv6) and, where asked for, a network of the engine's own. */
function task(...names: ("ingress" | "back" | "bridge")[]): Task {
  const networks = {
    ingress: { network: { id: "mesh", spec: { ingress: true } }, addresses: ["10.0.0.5/24"] },
    back: {
      network: { id: "back", spec: { annotations: { name: "back" } } },
      addresses: ["10.0.1.5/24", "fd00::5/64"],
    },
    bridge: { network: { id: "br", spec: { annotations: { name: "bridge" }, driverConfig: { name: "bridge" } } } },
  };
  return create(TaskSchema, {
    id: "t",
    annotations: {},
    spec: { runtime: { case: "container", value: { image: "busybox" } } },
    serviceAnnotations: { name: "web" },
    networks: names.map(name => networks[name]),
  }) as Task;
}

describe("a container's places on the swarm's networks", () => {
  it("have the addresses that the swarm has given, the ingress network last", () => {
    expect(taskEndpoints(task("ingress", "back"), "node-self", here)).toEqual([
      {
        network: "shoal-self-b-back",
        networkId: "back",
        settings: {
          IPAMConfig: { IPv4Address: "10.0.1.5", IPv6Address: "fd00::5" },
          MacAddress: "02:42:0a:00:01:05",
        },
      },
      {
        network: "shoal-self-a-mesh",
        networkId: "mesh",
        settings: { IPAMConfig: { IPv4Address: "10.0.0.5" }, MacAddress: "02:42:0a:00:00:05" },
      },
    ]);
  });

  it("are refused with the reason on a node that has none; published ports alone are no need for one", () => {
    expect(() => taskEndpoints(task("ingress", "back"), "node-self", nowhere)).toThrow(
      'Cannot connect to network "back": this node has no overlay networks: it needs root',
    );
    expect(taskEndpoints(task("ingress"), "node-self", nowhere)).toEqual([]);
  });

  it.each([
    ["the first of them", task("ingress", "back"), "shoal-self-b-back", ["shoal-self-b-back"]],
    ["the ingress network where there is no other", task("ingress"), "shoal-self-a-mesh", ["shoal-self-a-mesh"]],
    ["a network of the engine's own that it names", task("back", "bridge"), "bridge", []],
    ["the engine's bridge without any", task(), "bridge", []],
  ])("it is made on %s", (_, made, mode, places) => {
    const endpoints = taskEndpoints(made, "node-self", here);
    const place = {
      nodeId: "node-self",
      labels: {},
      publishAddress: "",
      files: [],
      endpoints,
      nameServers: ["10.0.1.1"],
    };
    const config = containerConfig(made, place);
    expect(config.HostConfig.NetworkMode).toBe(mode);
    expect(Object.keys(config.NetworkingConfig?.EndpointsConfig ?? {})).toEqual(places);
    expect(config.HostConfig.Dns).toEqual(["10.0.1.1"]);
  });
});
