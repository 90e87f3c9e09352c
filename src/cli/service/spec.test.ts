import { Command } from "commander";
import { describe, expect, it } from "vitest";
import type { ServiceSpec } from "../../compose/stack/spec.ts";
import { changedMode, newMode } from "./mode.ts";
import { applied, specOptions } from "./spec.ts";

const empty: ServiceSpec = { Name: "web", TaskTemplate: { ContainerSpec: { Image: "nginx" } } };

/** The spec after `service create` or `update` with these arguments. */
function specAfter(kind: "create" | "update", args: readonly string[], before: ServiceSpec = empty): ServiceSpec {
  const command = specOptions(new Command(kind), kind).exitOverride();
  command.configureOutput({ writeErr: () => {} }).parse([...args], { from: "user" });
  return applied(before, command.opts(), kind);
}

const container = (members: object): object => ({ TaskTemplate: { ContainerSpec: members } });

describe("flags of service create", () => {
  it.each<[string[], object]>([
    [
      ["--hostname", "h", "-u", "me", "-w", "/x", "--stop-signal", "SIGINT"],
      container({ Hostname: "h", User: "me", Dir: "/x", StopSignal: "SIGINT" }),
    ],
    [["--entrypoint", "sh -c 'a b'"], container({ Command: ["sh", "-c", "a b"] })],
    [["--init", "--read-only", "-t"], container({ Init: true, ReadOnly: true, TTY: true })],
    [["-e", "A=1", "--env", "B=2"], container({ Env: ["A=1", "B=2"] })],
    [
      ["--health-cmd", "true", "--health-interval", "1m30s", "--health-retries", "2"],
      container({ Healthcheck: { Test: ["CMD-SHELL", "true"], Interval: 90e9, Retries: 2 } }),
    ],
    [["--no-healthcheck"], container({ Healthcheck: { Test: ["NONE"] } })],
    [
      ["--cap-add", "net_admin", "--cap-drop", "ALL"],
      container({ CapabilityAdd: ["CAP_NET_ADMIN"], CapabilityDrop: ["ALL"] }),
    ],
    [["--host", "a:1.2.3.4"], container({ Hosts: ["1.2.3.4 a"] })],
    [
      ["--dns", "1.1.1.1", "--dns-search", "x.y", "--dns-option", "ndots:1"],
      container({ DNSConfig: { Nameservers: ["1.1.1.1"], Search: ["x.y"], Options: ["ndots:1"] } }),
    ],
    [
      ["--group", "mail", "--ulimit", "nofile=1:2", "--sysctl", "a.b=1"],
      container({ Groups: ["mail"], Ulimits: [{ Name: "nofile", Soft: 1, Hard: 2 }], Sysctls: { "a.b": "1" } }),
    ],
    [
      ["--mount", "type=bind,src=/a,dst=/b,ro,bind-propagation=rshared"],
      container({
        Mounts: [{ Type: "bind", Source: "/a", Target: "/b", ReadOnly: true, BindOptions: { Propagation: "rshared" } }],
      }),
    ],
    [
      ["--mount", 'source=v,target=/b,volume-driver=x,"volume-opt=o=a,b",volume-label=l=1'],
      container({
        Mounts: [
          {
            Type: "volume",
            Source: "v",
            Target: "/b",
            VolumeOptions: { Labels: { l: "1" }, DriverConfig: { Name: "x", Options: { o: "a,b" } } },
          },
        ],
      }),
    ],
    [
      ["--mount", "type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1777"],
      container({ Mounts: [{ Type: "tmpfs", Target: "/t", TmpfsOptions: { SizeBytes: 1048576, Mode: 0o1777 } }] }),
    ],
    [
      ["--secret", "s", "--secret", "source=t,target=u,uid=1,mode=0400"],
      container({
        Secrets: [
          { SecretName: "s", File: { Name: "s", UID: "0", GID: "0", Mode: 0o444 } },
          { SecretName: "t", File: { Name: "u", UID: "1", GID: "0", Mode: 0o400 } },
        ],
      }),
    ],
    [
      ["--limit-cpu", ".5", "--limit-memory", "1g", "--limit-pids", "9", "--reserve-cpu", "1"],
      {
        TaskTemplate: {
          Resources: { Limits: { NanoCPUs: 5e8, MemoryBytes: 2 ** 30, Pids: 9 }, Reservations: { NanoCPUs: 1e9 } },
        },
      },
    ],
    [
      ["--generic-resource", "gpu=2", "--generic-resource", "ssd=s1"],
      {
        TaskTemplate: {
          Resources: {
            Reservations: {
              GenericResources: [
                { DiscreteResourceSpec: { Kind: "gpu", Value: 2 } },
                { NamedResourceSpec: { Kind: "ssd", Value: "s1" } },
              ],
            },
          },
        },
      },
    ],
    [
      ["--constraint", "node.role==worker", "--placement-pref", "spread=node.labels.z", "--replicas-max-per-node", "2"],
      {
        TaskTemplate: {
          Placement: {
            Constraints: ["node.role==worker"],
            Preferences: [{ Spread: { SpreadDescriptor: "node.labels.z" } }],
            MaxReplicas: 2,
          },
        },
      },
    ],
    [
      ["--network", "a", "--network", "name=b,alias=x,alias=y,driver-opt=k=v"],
      { TaskTemplate: { Networks: [{ Target: "a" }, { Target: "b", Aliases: ["x", "y"], DriverOpts: { k: "v" } }] } },
    ],
    [
      ["--restart-condition", "on-failure", "--restart-delay", "0s", "--restart-max-attempts", "3"],
      { TaskTemplate: { RestartPolicy: { Condition: "on-failure", Delay: 0, MaxAttempts: 3 } } },
    ],
    [
      ["--log-driver", "syslog", "--log-opt", "a=b"],
      { TaskTemplate: { LogDriver: { Name: "syslog", Options: { a: "b" } } } },
    ],
    [["--update-delay", "1s"], { UpdateConfig: { Parallelism: 1, Delay: 1e9 } }],
    [
      ["--update-parallelism", "0", "--rollback-order", "start-first", "--rollback-max-failure-ratio", ".25"],
      {
        UpdateConfig: { Parallelism: 0 },
        RollbackConfig: { Parallelism: 1, Order: "start-first", MaxFailureRatio: 0.25 },
      },
    ],
    [
      ["-p", "8080:80", "--publish", "published=1,target=2,protocol=udp,mode=host", "--endpoint-mode", "vip"],
      {
        EndpointSpec: {
          Mode: "vip",
          Ports: [
            { PublishedPort: 8080, TargetPort: 80, Protocol: "tcp" },
            { PublishedPort: 1, TargetPort: 2, Protocol: "udp", PublishMode: "host" },
          ],
        },
      },
    ],
    [
      ["-l", "a=b", "--container-label", "c"],
      { Labels: { a: "b" }, TaskTemplate: { ContainerSpec: { Labels: { c: "" } } } },
    ],
  ])("%j", (args, spec) => {
    expect(specAfter("create", args)).toMatchObject(spec);
  });

  it.each([
    [["--mount", "type=bind,target=/x"], "a bind must have a source"],
    [["--mount", "target=/x,nonsense=1"], '"nonsense" is not known'],
    [["--secret", "target=x"], "it must have a source"],
    [["--generic-resource", "gpu"], "not KIND=VALUE"],
    [["--restart-condition", "often"], "Allowed choices are none, on-failure, any"],
    [["--limit-memory", "lots"], 'not a size like "64m"'],
    [["--update-max-failure-ratio", "2"], "not a number from 0 to 1"],
    [["-p", "x:y"], 'Cannot use "x:y" for --publish: not [PUBLISHED:]TARGET[/PROTOCOL]'],
  ])("refuses %j", (args, reason) => {
    expect(() => specAfter("create", args)).toThrow(reason);
  });
});

describe("flags of service update", () => {
  const before = specAfter("create", [
    ...["-e", "A=1", "-e", "B=2", "-l", "x=1", "-l", "y=2", "-p", "80:80", "-p", "81:81/udp", "--host", "h:1.2.3.4"],
    ...[
      "--mount",
      "target=/a",
      "--constraint",
      "a==b",
      "--cap-add",
      "SYS_TIME",
      "--secret",
      "s",
      "--ulimit",
      "nofile=1",
    ],
    ...["--generic-resource", "gpu=2", "--placement-pref", "spread=node.id", "--hostname", "keep"],
  ]);

  it("leaves alone what it does not mention", () => {
    expect(specAfter("update", [], before)).toEqual(before);
  });

  it.each<[string[], object]>([
    [["--env-add", "B=3", "--env-rm", "A"], container({ Env: ["B=3"], Hostname: "keep" })],
    [["--label-add", "x=9", "--label-rm", "y"], { Labels: { x: "9" } }],
    [
      ["--publish-rm", "80", "--publish-add", "82:80"],
      { EndpointSpec: { Ports: [{ PublishedPort: 81 }, { PublishedPort: 82 }] } },
    ],
    [["--publish-rm", "81/udp"], { EndpointSpec: { Ports: [{ PublishedPort: 80 }] } }],
    [["--mount-add", "type=bind,source=/x,target=/a"], container({ Mounts: [{ Type: "bind", Target: "/a" }] })],
    [["--cap-drop", "CAP_SYS_TIME"], container({ CapabilityDrop: ["CAP_SYS_TIME"] })],
    [["--ulimit-add", "nofile=5"], container({ Ulimits: [{ Name: "nofile", Soft: 5, Hard: 5 }] })],
    [
      ["--generic-resource-add", "gpu=4"],
      {
        TaskTemplate: {
          Resources: { Reservations: { GenericResources: [{ DiscreteResourceSpec: { Kind: "gpu", Value: 4 } }] } },
        },
      },
    ],
  ])("%j", (args, spec) => {
    expect(specAfter("update", args, before)).toMatchObject(spec);
  });

  it.each([
    ["--host-rm", "h:1.2.3.4", "TaskTemplate.ContainerSpec.Hosts"],
    ["--host-rm", "h", "TaskTemplate.ContainerSpec.Hosts"],
    ["--mount-rm", "/a", "TaskTemplate.ContainerSpec.Mounts"],
    ["--secret-rm", "s", "TaskTemplate.ContainerSpec.Secrets"],
    ["--constraint-rm", "a==b", "TaskTemplate.Placement.Constraints"],
    ["--placement-pref-rm", "spread=node.id", "TaskTemplate.Placement.Preferences"],
    ["--generic-resource-rm", "gpu", "TaskTemplate.Resources.Reservations.GenericResources"],
    ["--cap-drop", "SYS_TIME", "TaskTemplate.ContainerSpec.CapabilityAdd"],
  ])("%s %s", (flag, value, path) => {
    expect(before).toHaveProperty(path);
    expect(specAfter("update", [flag, value], before)).not.toHaveProperty(path);
  });
});

describe("modes", () => {
  it.each<[Parameters<typeof newMode>[0], object]>([
    [{}, { Replicated: { Replicas: 1 } }],
    [{ replicas: 0 }, { Replicated: { Replicas: 0 } }],
    [{ mode: "global" }, { Global: {} }],
    [{ mode: "replicated-job", replicas: 5 }, { ReplicatedJob: { TotalCompletions: 5, MaxConcurrent: 5 } }],
    [
      { mode: "replicated-job", replicas: 5, maxConcurrent: 2 },
      { ReplicatedJob: { TotalCompletions: 5, MaxConcurrent: 2 } },
    ],
    [{ mode: "global-job" }, { GlobalJob: {} }],
  ])("%j", (flags, mode) => {
    expect(newMode(flags)).toEqual(mode);
  });

  it("refuses what does not go together", () => {
    expect(() => newMode({ mode: "global", replicas: 2 })).toThrow("--replicas does not go with --mode global");
    expect(() => newMode({ maxConcurrent: 2 })).toThrow("--max-concurrent goes with --mode replicated-job only");
    expect(() => changedMode({ Global: {} }, { replicas: 2 })).toThrow("replicas can only be used with");
    expect(changedMode({ ReplicatedJob: { TotalCompletions: 5, MaxConcurrent: 2 } }, { replicas: 7 })).toEqual({
      ReplicatedJob: { TotalCompletions: 7, MaxConcurrent: 2 },
    });
  });
});
