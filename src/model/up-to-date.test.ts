import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { EndpointSchema, NodeSchema, ServiceSchema, TaskSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import {
  EndpointSpecSchema,
  NodeSpecSchema,
  ServiceSpecSchema,
  TaskSpecSchema,
} from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  AnnotationsSchema,
  NodeStatusSchema,
  TaskState,
  TaskStatusSchema,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { type Node, newMeta, type Service } from "./objects.ts";
import type { Task } from "./task.ts";
import { isUpToDate } from "./up-to-date.ts";

type SpecInit = Exclude<MessageInitShape<typeof TaskSpecSchema>, { $typeName: string }>;
const annotations = create(AnnotationsSchema);
const node: Node = {
  ...create(NodeSchema, { id: "n" }),
  meta: newMeta(),
  spec: { ...create(NodeSpecSchema), annotations: create(AnnotationsSchema, { labels: { disk: "ssd" } }) },
  status: create(NodeStatusSchema),
};

function service(spec: SpecInit, port = 80): Service {
  const endpoint = create(EndpointSpecSchema, { ports: [{ targetPort: port }] });
  return {
    ...create(ServiceSchema, { id: "s", specVersion: { index: 2n } }),
    meta: newMeta(),
    spec: { ...create(ServiceSpecSchema, { endpoint }), annotations, task: create(TaskSpecSchema, spec) },
  };
}

function task(spec: SpecInit, version: bigint, state = TaskState.RUNNING): Task {
  const endpoint = create(EndpointSchema, { spec: { ports: [{ targetPort: 80 }] } });
  return {
    ...create(TaskSchema, { id: "t", specVersion: { index: version } }),
    meta: newMeta(),
    annotations,
    serviceAnnotations: annotations,
    spec: create(TaskSpecSchema, spec),
    endpoint,
    status: create(TaskStatusSchema, { state }),
  };
}

const image = (name: string, auth = ""): SpecInit => ({
  runtime: { case: "container", value: { image: name, pullOptions: { registryAuth: auth } } },
});
const onDisk = (disk: string) => ({ placement: { constraints: [`node.labels.disk==${disk}`] } });

describe("isUpToDate", () => {
  it.each<[string, Service, Task, boolean]>([
    ["of the same version", service(image("b")), task(image("a"), 2n), true],
    ["of an equal spec", service(image("a")), task(image("a"), 1n), true],
    ["of another spec", service(image("b")), task(image("a"), 1n), false],
    ["of a forced update", service({ ...image("a"), forceUpdate: 1n }), task(image("a"), 1n), false],
    ["with other ports", service(image("a"), 81), task(image("a"), 1n), false],
    ["with constraints that its node meets", service({ ...image("a"), ...onDisk("ssd") }), task(image("a"), 1n), true],
    ["with constraints that it does not", service({ ...image("a"), ...onDisk("hdd") }), task(image("a"), 1n), false],
    ["with one that cannot be read", service({ placement: { constraints: ["x"] } }), task({}, 1n), false],
    [
      "with constraints and more",
      service({ placement: { constraints: ["node.labels.disk==ssd"], maxReplicas: 1n } }),
      task({}, 1n),
      false,
    ],
    ["with another login, once pulled", service(image("a", "new")), task(image("a", "old"), 1n), true],
    [
      "with another login, not yet pulled",
      service(image("a", "new")),
      task(image("a", "old"), 1n, TaskState.PREPARING),
      false,
    ],
  ])("a task %s", (_, of, made, expected) => {
    expect(isUpToDate(made, of, node)).toBe(expected);
  });

  it("wants to know the node where constraints changed", () => {
    expect(isUpToDate(task({}, 1n), service(onDisk("ssd")), undefined)).toBe(false);
  });
});
