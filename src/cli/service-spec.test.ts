import { describe, expect, it } from "vitest";
import { changedSpec, newSpec } from "./service-spec.ts";
import { duration, port } from "./values.ts";

describe("specs from flags", () => {
  it("says only what was asked for", () => {
    expect(newSpec("nginx", [], { name: "web", mode: "replicated" })).toEqual({
      Name: "web",
      Labels: {},
      TaskTemplate: {
        ContainerSpec: { Image: "nginx" },
        Resources: { Reservations: {} },
        RestartPolicy: {},
        Placement: {},
        Networks: [],
      },
      Mode: { Replicated: { Replicas: 1 } },
    });
  });

  it("says everything that was asked for", () => {
    const spec = newSpec("nginx", ["-g", "x"], {
      mode: "global",
      env: ["A=1"],
      constraint: ["node.role==worker"],
      reserveMemory: "64m",
      reserveCpu: "0.5",
      updateOrder: "start-first",
      publish: ["8080:80"],
    });
    expect(spec).toMatchObject({
      TaskTemplate: {
        ContainerSpec: { Args: ["-g", "x"], Env: ["A=1"] },
        Resources: { Reservations: { MemoryBytes: 67_108_864, NanoCPUs: 500_000_000 } },
        Placement: { Constraints: ["node.role==worker"] },
      },
      Mode: { Global: {} },
      UpdateConfig: { Parallelism: 1, Order: "start-first" },
      EndpointSpec: { Ports: [{ PublishedPort: 8080, TargetPort: 80 }] },
    });
  });

  it("changes what is there and keeps the rest", () => {
    const spec = {
      Name: "web",
      Labels: { a: "1", b: "2" },
      TaskTemplate: { ContainerSpec: { Image: "one", Env: ["A=1", "B=2"], TTY: true }, ForceUpdate: 3 },
    };
    const changed = changedSpec(spec, { image: "two", envAdd: ["A=9"], envRm: ["B"], labelRm: ["a"], force: true });
    expect(changed).toEqual({
      Name: "web",
      Labels: { b: "2" },
      TaskTemplate: { ContainerSpec: { Image: "two", Env: ["A=9"], TTY: true }, ForceUpdate: 4 },
    });
  });
});

it.each([
  ["8080:80", { PublishedPort: 8080, TargetPort: 80, Protocol: "tcp", PublishMode: "ingress" }],
  ["53/udp", { TargetPort: 53, Protocol: "udp", PublishMode: "ingress" }],
  ["published=1,target=2,mode=host", { PublishedPort: 1, TargetPort: 2, Protocol: "tcp", PublishMode: "host" }],
])("reads the port %s", (text, wanted) => expect(port(text)).toEqual(wanted));

it.each([
  ["500ms", 5e8],
  ["1h30m", 54e11],
  ["2.5s", 25e8],
])("reads the duration %s", (text, nanos) => expect(duration(text)).toBe(nanos));

it.each(["5", "s", "1x", "1s2"])("refuses the duration %s", text =>
  expect(() => duration(text)).toThrow("not a duration"),
);
