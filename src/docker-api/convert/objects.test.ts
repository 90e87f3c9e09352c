import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import {
  ConfigSchema,
  SecretSchema,
  type Service,
  ServiceSchema,
  TaskSchema,
} from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import {
  PortConfig_PublishMode,
  TaskState,
  UpdateStatus_UpdateState as UpdateState,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { fromConfig, toConfigSpec } from "./config.ts";
import { fromSecret, toSecretSpec } from "./secret.ts";
import { fromService } from "./service.ts";
import { fromTask } from "./task.ts";

const stamp = (seconds: number, nanos: number) => ({ seconds: BigInt(seconds), nanos });
const meta = {
  version: { index: 7n },
  createdAt: stamp(1_795_262_542, 681_562_080),
  updatedAt: stamp(1_795_262_543, 0),
};
const metaBack = {
  Version: { Index: 7 },
  CreatedAt: "2026-11-21T12:02:22.68156208Z",
  UpdatedAt: "2026-11-21T12:02:23Z",
};
const driver = (name: string, options = {}) => ({ name, options });

const network = {
  id: "6d4d",
  meta,
  spec: { annotations: { name: "ov2" }, driverConfig: driver("overlay"), ipam: { driver: driver("default") } },
  driverState: driver("overlay", { "com.docker.network.driver.overlay.vxlanid_list": "4105" }),
  ipam: { driver: driver("default"), configs: [{ subnet: "10.0.6.0/24", gateway: "10.0.6.1" }] },
};

describe("a task", () => {
  it("is shown as Docker shows one that runs", () => {
    const task = create(TaskSchema, {
      id: "9n5n",
      meta,
      spec: { runtime: { case: "container", value: { image: "busybox" } } },
      serviceId: "ieom",
      slot: 1n,
      nodeId: "qvmv",
      status: {
        timestamp: stamp(1_795_262_545, 121_715_700),
        state: TaskState.RUNNING,
        message: "started",
        runtimeStatus: { case: "container", value: { containerId: "9429", pid: 21759 } },
        portStatus: {},
      },
      desiredState: TaskState.RUNNING,
      networks: [{ network, addresses: ["10.0.6.2/24"] }],
    });
    const expected = {
      ID: "9n5n",
      ...metaBack,
      Labels: {},
      Spec: { ContainerSpec: { Image: "busybox", Isolation: "default" }, ForceUpdate: 0 },
      ServiceID: "ieom",
      Slot: 1,
      NodeID: "qvmv",
      Status: {
        Timestamp: "2026-11-21T12:02:25.1217157Z",
        State: "running",
        Message: "started",
        ContainerStatus: { ContainerID: "9429", PID: 21759, ExitCode: 0 },
        PortStatus: {},
      },
      DesiredState: "running",
      NetworksAttachments: [
        {
          Network: {
            ID: "6d4d",
            ...metaBack,
            Spec: {
              Name: "ov2",
              Labels: {},
              DriverConfiguration: { Name: "overlay" },
              IPAMOptions: { Driver: { Name: "default" } },
              Scope: "swarm",
            },
            DriverState: { Name: "overlay", Options: { "com.docker.network.driver.overlay.vxlanid_list": "4105" } },
            IPAMOptions: {
              Driver: { Name: "default" },
              Configs: [{ Subnet: "10.0.6.0/24", Gateway: "10.0.6.1" }],
            },
          },
          Addresses: ["10.0.6.2/24"],
        },
      ],
    };
    expect(JSON.stringify(fromTask(task))).toBe(JSON.stringify(expected));
  });

  it("of a global job that failed has no slot, an error and its iteration", () => {
    const task = create(TaskSchema, {
      id: "t",
      meta,
      spec: { runtime: { case: "container", value: {} } },
      status: {
        state: TaskState.REJECTED,
        err: "No such image: x:latest",
        portStatus: { ports: [{ targetPort: 80 }, { targetPort: 81, publishMode: PortConfig_PublishMode.HOST }] },
      },
      desiredState: TaskState.COMPLETE,
      jobIteration: { index: 0n },
    });
    const shown = fromTask(task);
    expect(shown).toMatchObject({ DesiredState: "complete", JobIteration: {} });
    expect(shown.Status).toEqual({
      Timestamp: "1970-01-01T00:00:00Z",
      State: "rejected",
      Err: "No such image: x:latest",
      PortStatus: { Ports: [{ Protocol: "tcp", TargetPort: 81, PublishMode: "host" }] },
    });
    expect(Object.keys(shown)).not.toContain("Slot");
  });

  it("that only holds a network for a container says so", () => {
    const runtime = { case: "attachment" as const, value: { containerId: "c1" } };
    expect(fromTask(create(TaskSchema, { id: "t", spec: { runtime } })).Spec).toEqual({
      NetworkAttachmentSpec: { ContainerID: "c1" },
      ForceUpdate: 0,
      Runtime: "attachment",
    });
  });
});

describe("a service", () => {
  const spec = { annotations: { name: "web" }, task: { runtime: { case: "container" as const, value: {} } } };
  const service = (more: Exclude<MessageInitShape<typeof ServiceSchema>, Service> = {}): Service =>
    create(ServiceSchema, { id: "s1", meta, spec, ...more });

  it("without addresses and ports has an endpoint without words", () => {
    const endpoint = { spec: { mode: 1 } };
    expect(fromService(service())).toMatchObject({ ID: "s1", ...metaBack, Endpoint: { Spec: {} } });
    expect(fromService(service({ endpoint })).Endpoint).toEqual({ Spec: {} });
    const shown = Object.keys(fromService(service()));
    expect(shown).toEqual(["ID", "Version", "CreatedAt", "UpdatedAt", "Spec", "Endpoint"]);
  });

  it("shows its addresses with the mask, its update, its job and its counts", () => {
    const port = { targetPort: 80, publishedPort: 8080 };
    const portBack = { Protocol: "tcp", TargetPort: 80, PublishedPort: 8080, PublishMode: "ingress" };
    const shown = fromService(
      service({
        previousSpec: spec,
        endpoint: { spec: { ports: [port] }, ports: [port], virtualIps: [{ networkId: "n1", addr: "10.0.0.37/24" }] },
        updateStatus: { state: UpdateState.ROLLBACK_STARTED, startedAt: stamp(1_795_262_543, 0), message: "m" },
        jobStatus: { jobIteration: { index: 3n }, lastExecution: stamp(1_795_262_543, 5) },
      }),
      {
        $typeName: "docker.swarmkit.v1.ListServiceStatusesResponse.ServiceStatus",
        serviceId: "s1",
        desiredTasks: 2n,
        runningTasks: 1n,
        completedTasks: 0n,
      },
    );
    expect(shown).toMatchObject({
      PreviousSpec: { Name: "web" },
      Endpoint: {
        Spec: { Mode: "vip", Ports: [portBack] },
        Ports: [portBack],
        VirtualIPs: [{ NetworkID: "n1", Addr: "10.0.0.37/24" }],
      },
      UpdateStatus: { State: "rollback_started", StartedAt: "2026-11-21T12:02:23Z", Message: "m" },
      ServiceStatus: { RunningTasks: 1, DesiredTasks: 2, CompletedTasks: 0 },
      JobStatus: { JobIteration: { Index: 3 }, LastExecution: "2026-11-21T12:02:23.000000005Z" },
    });
    expect(shown.UpdateStatus).not.toHaveProperty("CompletedAt");
  });
});

describe("secrets and configs", () => {
  const body = { Name: "s1", Labels: { k: "v" }, Data: "czNjcmV0Cg==", Templating: { Name: "golang" } };
  const back = { ID: "x", ...metaBack, Spec: { Name: "s1", Labels: { k: "v" }, Templating: { Name: "golang" } } };

  it("show a config with its data, a secret never", () => {
    const config = create(ConfigSchema, { id: "x", meta, spec: toConfigSpec(body) });
    expect(fromConfig(config)).toEqual({ ...back, Spec: { ...back.Spec, Data: body.Data } });
    const secret = create(SecretSchema, { id: "x", meta, spec: toSecretSpec(body) });
    expect(secret.spec?.data).toEqual(new TextEncoder().encode("s3cret\n"));
    expect(fromSecret(secret)).toEqual(back);
  });

  it("keep the driver of a secret, and have none of their own", () => {
    const spec = toSecretSpec({ Name: "s", Driver: { Name: "vault", Options: { a: "b" } } });
    expect(fromSecret(create(SecretSchema, { id: "x", spec })).Spec).toEqual({
      Name: "s",
      Labels: {},
      Driver: { Name: "vault", Options: { a: "b" } },
    });
  });
});
