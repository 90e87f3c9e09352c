import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { Task } from "../../model/task.ts";
import { toDuration } from "../../model/time.ts";
import type { ContainerInit } from "../../ports/runtime.contract.test-kit.ts";
import { TaskSchema } from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { TaskSpecSchema } from "../../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  Privileges_AppArmorOpts_AppArmorMode as AppArmorMode,
  Mount_Consistency as Consistency,
  Mount_Type as MountType,
  Mount_BindOptions_Propagation as Propagation,
  PortConfig_Protocol as Protocol,
  PortConfig_PublishMode as PublishMode,
  Privileges_SeccompOpts_SeccompMode as SeccompMode,
} from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { containerConfig, networkMode } from "./container-config.ts";
import type { ContainerCreate, HostConfig } from "./types.ts";

interface TaskParts {
  readonly container?: ContainerInit;
  readonly spec?: Omit<Exclude<MessageInitShape<typeof TaskSpecSchema>, { $typeName: string }>, "runtime">;
  readonly task?: Omit<Exclude<MessageInitShape<typeof TaskSchema>, { $typeName: string }>, "spec">;
}

function task({ container = {}, spec = {}, task: more = {} }: TaskParts): Task {
  return create(TaskSchema, {
    id: "taskid",
    serviceId: "serviceid",
    slot: 3n,
    meta: {},
    status: {},
    annotations: { name: "web.3" },
    serviceAnnotations: { name: "web" },
    ...more,
    spec: { ...spec, runtime: { case: "container", value: { image: "busybox", ...container } } },
  }) as Task;
}

const place = { nodeId: "nodeid", labels: {}, publishAddress: "", files: [] };
const configOf = (parts: TaskParts): ContainerCreate => containerConfig(task(parts), place);

const hostPort = (publishedPort: number, targetPort: number, protocol = Protocol.TCP) => ({
  publishedPort,
  targetPort,
  protocol,
  publishMode: PublishMode.HOST,
});

describe("a container's configuration", () => {
  it.each<[string, TaskParts, Partial<ContainerCreate>]>([
    ["image", {}, { Image: "busybox" }],
    [
      "command and arguments",
      { container: { command: ["a"], args: ["b", "c"] } },
      { Entrypoint: ["a"], Cmd: ["b", "c"] },
    ],
    ["environment", { container: { env: ["A=1", "B="] } }, { Env: ["A=1", "B="] }],
    [
      "generic resources",
      {
        container: { env: ["A=1"] },
        task: {
          assignedGenericResources: [
            { resource: { case: "namedResourceSpec", value: { kind: "gpu", value: "U1" } } },
            { resource: { case: "discreteResourceSpec", value: { kind: "ssd", value: 2n } } },
            { resource: { case: "namedResourceSpec", value: { kind: "gpu", value: "U2" } } },
          ],
        },
      },
      { Env: ["A=1", "DOCKER_RESOURCE_GPU=U1,U2", "DOCKER_RESOURCE_SSD=2"] },
    ],
    [
      "hostname, directory, user",
      { container: { hostname: "h", dir: "/d", user: "u:g" } },
      { Hostname: "h", WorkingDir: "/d", User: "u:g" },
    ],
    ["terminal and input", { container: { tty: true, openStdin: true } }, { Tty: true, OpenStdin: true }],
    ["stop signal", { container: { stopSignal: "SIGUSR1" } }, { StopSignal: "SIGUSR1" }],
    ["grace period, rounded up", { container: { stopGracePeriod: toDuration(1_200) } }, { StopTimeout: 2 }],
    [
      "health check",
      {
        container: {
          healthcheck: {
            test: ["CMD", "true"],
            interval: toDuration(5_000),
            timeout: toDuration(1_500),
            retries: 4,
            startInterval: toDuration(100),
          },
        },
      },
      {
        Healthcheck: {
          Test: ["CMD", "true"],
          Interval: 5e9,
          Timeout: 1.5e9,
          Retries: 4,
          StartPeriod: 0,
          StartInterval: 1e8,
        },
      },
    ],
    [
      "labels: Docker's own win",
      {
        container: { labels: { mine: "1", "com.docker.swarm.task.id": "forged" } },
        task: { annotations: { name: "web.3", labels: { extra: "x" } } },
      },
      {
        Labels: {
          mine: "1",
          "com.docker.swarm.extra": "x",
          "com.docker.swarm.task": "",
          "com.docker.swarm.task.id": "taskid",
          "com.docker.swarm.task.name": "web.3.taskid",
          "com.docker.swarm.node.id": "nodeid",
          "com.docker.swarm.service.id": "serviceid",
          "com.docker.swarm.service.name": "web",
        },
      },
    ],
    [
      "host-mode ports are exposed, others are not",
      {
        task: {
          endpoint: {
            ports: [hostPort(8080, 80), hostPort(0, 53, Protocol.UDP), { publishedPort: 9, targetPort: 9 }],
          },
        },
      },
      { ExposedPorts: { "80/tcp": {}, "53/udp": {} } },
    ],
  ])("%s", (_, parts, expected) => {
    expect(configOf(parts)).toMatchObject(expected);
  });

  it("leaves out what the spec leaves to the image", () => {
    const absent = ["Entrypoint", "Cmd", "StopSignal", "StopTimeout", "Healthcheck"];
    expect(Object.keys(configOf({})).filter(key => absent.includes(key))).toEqual([]);
  });

  it.each<[string, TaskParts, Partial<HostConfig>]>([
    ["groups", { container: { groups: ["audio", "12"] } }, { GroupAdd: ["audio", "12"] }],
    ["read-only root", { container: { readOnly: true } }, { ReadonlyRootfs: true }],
    ["init", { container: { init: true } }, { Init: true }],
    ["no init", { container: { init: false } }, { Init: false }],
    [
      "name servers",
      { container: { dnsConfig: { nameservers: ["1.1.1.1"], search: ["x"], options: ["ndots:1"] } } },
      { Dns: ["1.1.1.1"], DnsSearch: ["x"], DnsOptions: ["ndots:1"] },
    ],
    [
      "hosts",
      { container: { hosts: ["10.0.0.1 db db.local", "::1 six"] } },
      { ExtraHosts: ["db:10.0.0.1", "db.local:10.0.0.1", "six:::1"] },
    ],
    [
      "capabilities, sysctls, limits",
      {
        container: {
          capabilityAdd: ["CAP_NET_ADMIN"],
          capabilityDrop: ["ALL"],
          sysctls: { "net.core.somaxconn": "10" },
          ulimits: [{ name: "nofile", soft: 1n, hard: 2n }],
          oomScoreAdj: -5n,
          pidsLimit: 7n,
        },
      },
      {
        CapAdd: ["CAP_NET_ADMIN"],
        CapDrop: ["ALL"],
        Sysctls: { "net.core.somaxconn": "10" },
        Ulimits: [{ Name: "nofile", Soft: 1, Hard: 2 }],
        OomScoreAdj: -5,
        PidsLimit: 7,
      },
    ],
    [
      "resources",
      {
        spec: {
          resources: {
            limits: { nanoCpus: 1_500_000_000n, memoryBytes: 1_000n },
            reservations: { memoryBytes: 500n, nanoCpus: 9n },
            swapBytes: 50n,
            memorySwappiness: 0n,
          },
        },
      },
      { NanoCpus: 1.5e9, Memory: 1_000, MemoryReservation: 500, MemorySwap: 1_050, MemorySwappiness: 0 },
    ],
    [
      "unlimited swap",
      { spec: { resources: { limits: { memoryBytes: 1_000n }, swapBytes: -1n } } },
      { MemorySwap: -1 },
    ],
    [
      "the task's log driver over the spec's",
      {
        spec: { logDriver: { name: "syslog" } },
        task: { logDriver: { name: "json-file", options: { "max-size": "1m" } } },
      },
      { LogConfig: { Type: "json-file", Config: { "max-size": "1m" } } },
    ],
    ["the spec's log driver", { spec: { logDriver: { name: "none" } } }, { LogConfig: { Type: "none", Config: {} } }],
    [
      "privileges",
      {
        container: {
          privileges: {
            selinuxContext: { user: "u", level: "l" },
            seccomp: { mode: SeccompMode.CUSTOM, profile: Buffer.from("{}") },
            apparmor: { mode: AppArmorMode.DISABLED },
            noNewPrivileges: true,
          },
        },
      },
      {
        SecurityOpt: ["label=user:u", "label=level:l", "seccomp={}", "apparmor=unconfined", "no-new-privileges=true"],
      },
    ],
    [
      "more privileges",
      {
        container: {
          privileges: {
            selinuxContext: { disable: true, user: "ignored" },
            seccomp: { mode: SeccompMode.UNCONFINED },
          },
        },
      },
      { SecurityOpt: ["label=disable", "seccomp=unconfined"] },
    ],
    [
      "published ports",
      { task: { endpoint: { ports: [hostPort(8080, 80), hostPort(8081, 80), hostPort(0, 53, Protocol.UDP)] } } },
      { PortBindings: { "80/tcp": [{ HostPort: "8080" }, { HostPort: "8081" }], "53/udp": [{ HostPort: "" }] } },
    ],
    [
      "no published ports on the host's own network",
      { spec: { networks: [{ target: "host" }] }, task: { endpoint: { ports: [hostPort(8080, 80)] } } },
      { NetworkMode: "host", PortBindings: {} },
    ],
  ])("%s", (_, parts, expected) => {
    expect(configOf(parts).HostConfig).toMatchObject(expected);
  });

  it("leaves out limits that the spec does not have", () => {
    const absent = ["Init", "LogConfig", "PidsLimit", "NanoCpus", "Memory", "MemoryReservation", "MemorySwap"];
    expect(Object.keys(configOf({}).HostConfig).filter(key => absent.includes(key))).toEqual([]);
  });

  it("publishes on the node's address where it has one of its own, adds labels and files", () => {
    const file = { Type: "bind", Source: "/run/shoal/x", Target: "/run/secrets/x", ReadOnly: true } as const;
    const given = { nodeId: "nodeid", labels: { lab: "1" }, publishAddress: "127.0.0.11", files: [file] };
    const config = containerConfig(task({ task: { endpoint: { ports: [hostPort(8080, 80)] } } }), given);
    expect(config.HostConfig.PortBindings).toEqual({ "80/tcp": [{ HostIp: "127.0.0.11", HostPort: "8080" }] });
    expect(config.HostConfig.Mounts).toEqual([file]);
    expect(config.Labels).toMatchObject({ lab: "1" });
  });

  it.each([
    [[], [], "bridge"],
    [[], ["host"], "host"],
    [["none"], [], "none"],
    [["overlay", "host"], [], "host"],
    [["overlay"], ["q8zid"], "bridge"],
  ])("networks %j, targets %j: %s", (attached, targets, mode) => {
    const networks = attached.map(name => ({ network: { spec: { annotations: { name } } } }));
    const spec = { networks: targets.map(target => ({ target })) };
    expect(networkMode(task({ spec, task: { networks } }))).toBe(mode);
  });
});

describe("a container's mounts", () => {
  it.each([
    [
      {
        type: MountType.BIND,
        source: "/a",
        target: "/b",
        readonly: true,
        bindOptions: { propagation: Propagation.RSLAVE },
      },
      { Type: "bind", Source: "/a", Target: "/b", ReadOnly: true, BindOptions: { Propagation: "rslave" } },
    ],
    [
      {
        type: MountType.VOLUME,
        source: "v",
        target: "/b",
        consistency: Consistency.CACHED,
        volumeOptions: { nocopy: true, labels: { a: "1" }, driverConfig: { name: "local", options: { o: "x" } } },
      },
      {
        Type: "volume",
        Source: "v",
        Target: "/b",
        ReadOnly: false,
        Consistency: "cached",
        VolumeOptions: { NoCopy: true, Labels: { a: "1" }, DriverConfig: { Name: "local", Options: { o: "x" } } },
      },
    ],
    [
      { type: MountType.TMPFS, target: "/t", tmpfsOptions: { sizeBytes: 4096n, mode: 0o700 } },
      { Type: "tmpfs", Target: "/t", ReadOnly: false, TmpfsOptions: { SizeBytes: 4096, Mode: 0o700 } },
    ],
  ])("%o", (mount, expected) => {
    expect(configOf({ container: { mounts: [mount] } }).HostConfig.Mounts).toEqual([expected]);
  });

  it.each([
    [{ type: MountType.BIND, source: "/a", target: "" }, "invalid mount target, must be an absolute path: "],
    [{ type: MountType.BIND, source: "a", target: "/b" }, "invalid bind mount source, must be an absolute path: a"],
    [
      { type: MountType.VOLUME, source: "/a", target: "/b" },
      "invalid volume mount source, must not be an absolute path: /a",
    ],
    [{ type: MountType.TMPFS, source: "a", target: "/b" }, "invalid tmpfs source, source must be empty"],
    [{ type: MountType.CLUSTER, source: "c", target: "/b" }, "Cannot mount cluster volume"],
  ])("refuses %o", (mount, text) => {
    expect(() => configOf({ container: { mounts: [mount] } })).toThrow(text);
  });
});

describe("options that an older engine would pass over", () => {
  const part = { type: MountType.VOLUME, source: "v", target: "/b", volumeOptions: { subpath: "sub" } };
  const deep = { type: MountType.BIND, source: "/a", target: "/b", bindOptions: { readonlyforcerecursive: true } };

  it.each([
    [part, "1.41", 'Cannot mount "/b": volume-subpath needs API 1.45, this engine has 1.41'],
    [deep, "1.43", 'Cannot mount "/b": bind-recursive=readonly needs API 1.44, this engine has 1.43'],
    [part, "1.45", undefined],
    [deep, "1.50", undefined],
  ])("%o on an engine of API %s: %s", (mount, engineApi, text) => {
    const make = () => containerConfig(task({ container: { mounts: [mount] } }), { ...place, engineApi });
    if (text) expect(make).toThrow(text);
    else expect(make().HostConfig.Mounts).toHaveLength(1);
  });
});

describe("what is no container's configuration", () => {
  it("a port beyond 65535", () => {
    const ports = [hostPort(70_000, 80)];
    expect(() => configOf({ task: { endpoint: { ports } } })).toThrow('invalid port specification: "70000"');
  });

  it("what only Windows containers have", () => {
    const privileges = { credentialSpec: { source: { case: "file", value: "gmsa.json" } } } as const;
    expect(() => configOf({ container: { privileges } })).toThrow(
      'Cannot use the credential spec "file://gmsa.json": credential specs are for Windows containers',
    );
    expect(() => configOf({ container: { isolation: 2 } })).toThrow('Invalid isolation: "hyperv" - linux only');
  });

  it("a task of another kind", () => {
    const other = create(TaskSchema, { id: "t", spec: { runtime: { case: "generic", value: { kind: "plugin" } } } });
    expect(() => containerConfig(other as Task, place)).toThrow("Cannot run task t: it is generic, not a container");
  });
});
