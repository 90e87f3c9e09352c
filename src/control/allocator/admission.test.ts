import { describe, expect, it } from "vitest";
import { TaskState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { context } from "../decisions.test-kit.ts";
import { aNetwork, aService, aTask } from "../objects.test-kit.ts";
import { decideAdmission } from "./admission.ts";
import { endpointFor } from "./endpoint.ts";

const networks = new Map([aNetwork("web-net", "overlay"), aNetwork("host-net", "host")].map(n => [n.id, n]));

function decide(service: ReturnType<typeof aService>, portProblem?: string) {
  const task = aTask(service, "t", { state: TaskState.NEW });
  const observation = { service, tasks: [task], portProblem, networkOf: (id: string) => networks.get(id) };
  const { writes } = decideAdmission(observation, context());
  return writes.map(write => {
    if (write.kind !== "update task") throw new Error(write.kind);
    return write.task;
  });
}

const attached = (target: string) => aService("s", { task: { networks: [{ target, aliases: ["alias"] }] } });

describe("decideAdmission", () => {
  it("lets a task on that needs nothing", () => {
    expect(decide(aService("s"))).toMatchObject([
      { status: { state: TaskState.PENDING, message: "pending task scheduling", err: "" } },
    ]);
  });

  it("gives a task its service's ports", () => {
    const service = aService("s", { ports: [{ targetPort: 80 }] });
    expect(decide(service)).toEqual([]);
    const endpoint = endpointFor(service, []);
    if ("text" in endpoint) throw new Error(endpoint.text);
    expect(decide({ ...service, endpoint })).toMatchObject([{ endpoint: { ports: [{ publishedPort: 30_000 }] } }]);
  });

  it("holds it back while its service cannot have its ports", () => {
    expect(
      decide(aService("s", { ports: [{ targetPort: 80, publishedPort: 80 }] }), "port '80' is taken"),
    ).toMatchObject([
      { status: { state: TaskState.NEW, message: "waiting for a published port", err: "port '80' is taken" } },
    ]);
  });

  it("attaches it to a node's own network", () => {
    expect(decide(attached("host-net"))).toMatchObject([
      {
        status: { state: TaskState.PENDING },
        networks: [{ network: { id: "host-net" }, aliases: ["alias"], addresses: [] }],
      },
    ]);
  });

  it.each([
    ["web-net", 'waits for network allocation: overlay networks are not served yet (network "web-net")'],
    ["gone", "waits for network allocation: network gone not found"],
  ])("holds it back on network %s", (target, err) => {
    const [task] = decide(attached(target));
    expect(task?.status).toMatchObject({ state: TaskState.NEW, message: "waiting for a network", err });
    const observation = {
      service: attached(target),
      tasks: [task!],
      portProblem: undefined,
      networkOf: (id: string) => networks.get(id),
    };
    expect(decideAdmission(observation, context()).writes).toEqual([]);
  });
});
