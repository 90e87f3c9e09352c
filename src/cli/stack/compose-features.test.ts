import { describe, expect, it } from "vitest";
import { projectOf, service } from "../../compose/project.test-kit.ts";
import { Namespace } from "../../compose/stack/namespace.ts";
import { filesOf, networksOf } from "../../compose/stack/objects.ts";
import { inOrder } from "../../compose/stack/order.ts";
import { sameSpec } from "../../compose/stack/same-spec.ts";
import { serviceSpecOf } from "../../compose/stack/service-spec.ts";
import type { ServiceSpec } from "../../compose/stack/spec.ts";

const namespace = new Namespace("app");

function specOf(text: string, name = "web"): ServiceSpec {
  const project = projectOf(text);
  const found = project.services[name];
  if (!found) throw new Error(`there is no service ${name}`);
  return serviceSpecOf(name, found, project, namespace, (kind, named) => `${kind}:${named}`);
}

const container = (members: object): object => ({ TaskTemplate: { ContainerSpec: members } });

describe("what docker's stack files do not have", () => {
  it.each<[string, string, object]>([
    [
      "tmpfs",
      "tmpfs: [/run, '/tmp:size=1m,mode=1777']",
      container({
        Mounts: [
          { Type: "tmpfs", Target: "/run" },
          { Type: "tmpfs", Target: "/tmp", TmpfsOptions: { SizeBytes: 1048576, Mode: 0o1777 } },
        ],
      }),
    ],
    ["groups", "group_add: [mail, 1000]", container({ Groups: ["mail", "1000"] })],
    ["resolver options", "dns_opt: ['ndots:2']", container({ DNSConfig: { Options: ["ndots:2"] } })],
    [
      "hosts in each form",
      "extra_hosts: {a: 1.2.3.4, b: ['::1', 5.6.7.8]}",
      container({ Hosts: ["1.2.3.4 a", "::1 b", "5.6.7.8 b"] }),
    ],
    ["hosts with an equals sign", "extra_hosts: ['a=::1', 'b=[::2]']", container({ Hosts: ["::1 a", "::2 b"] })],
    ["OOM score", "oom_score_adj: -500", container({ OomScoreAdj: -500 })],
    ["stop grace in Go's words", "stop_grace_period: 1m1.5s", container({ StopGracePeriod: 61.5e9 })],
    ["an init that is turned off", "init: false", container({ Init: false })],
    ["an empty command", "command: []", { TaskTemplate: { ContainerSpec: expect.not.objectContaining({ Args: [] }) } }],
    [
      "limits outside of deploy",
      "cpus: 0.5\nmem_limit: 64m\nmem_reservation: 32m\npids_limit: 9",
      {
        TaskTemplate: {
          Resources: {
            Limits: { NanoCPUs: 5e8, MemoryBytes: 2 ** 26, Pids: 9 },
            Reservations: { MemoryBytes: 2 ** 25 },
          },
        },
      },
    ],
    [
      "deploy over them",
      "cpus: 0.5\ndeploy: {resources: {limits: {cpus: '2'}}}",
      { TaskTemplate: { Resources: { Limits: { NanoCPUs: 2e9 } } } },
    ],
    [
      "named generic resources",
      "deploy: {resources: {reservations: {generic_resources: [{named_resource_spec: {kind: gpu, value: g1}}]}}}",
      {
        TaskTemplate: {
          Resources: { Reservations: { GenericResources: [{ NamedResourceSpec: { Kind: "gpu", Value: "g1" } }] } },
        },
      },
    ],
    [
      "a platform",
      "platform: linux/arm64",
      { TaskTemplate: { Placement: { Platforms: [{ OS: "linux", Architecture: "arm64" }] } } },
    ],
    ["scale", "scale: 3", { Mode: { Replicated: { Replicas: 3 } } }],
    ["no replicas", "deploy: {replicas: 0}", { Mode: { Replicated: { Replicas: 0 } } }],
    [
      "a published range",
      "ports: [{target: 80, published: '8000-8001', mode: host}]",
      { EndpointSpec: { Ports: [{ PublishedPort: 8000, PublishMode: "host" }, { PublishedPort: 8001 }] } },
    ],
    [
      "bind options",
      "volumes: [{type: bind, source: ./x, target: /x, bind: {create_host_path: true, recursive: readonly}}]",
      container({
        Mounts: [
          {
            Type: "bind",
            Source: "/p/x",
            Target: "/x",
            BindOptions: { CreateMountpoint: true, ReadOnlyForceRecursive: true },
          },
        ],
      }),
    ],
    ["a log driver's name alone", "logging: {driver: none}", { TaskTemplate: { LogDriver: { Name: "none" } } }],
  ])("%s", (_, members, spec) => {
    expect(specOf(service(members))).toMatchObject(spec);
  });

  it("tells the swarm what a service depends on", () => {
    const spec = specOf(`services:
  web:
    image: a
    depends_on:
      db: {condition: service_healthy}
      init: {condition: service_completed_successfully}
      cache: {condition: service_started, required: false}
  db: {image: a}
  init: {image: a}
  cache: {image: a}
`);
    expect(spec.Labels?.["shoal.depends-on"]).toBe("app_cache:started,app_db:healthy,app_init:completed");
    expect(specOf(service("user: a")).Labels).not.toHaveProperty("shoal.depends-on");
  });

  it("does not start anew what others wait for to complete", () => {
    const text = (members: string): string =>
      `services:\n  web: {image: a, depends_on: {init: {condition: service_completed_successfully}}}\n  init: {image: a${members}}`;
    expect(specOf(text(""), "init").TaskTemplate.RestartPolicy).toEqual({ Condition: "on-failure" });
    expect(specOf(text(", restart: always"), "init").TaskTemplate.RestartPolicy).toEqual({ Condition: "any" });
    expect(specOf(text(""), "web").TaskTemplate.RestartPolicy).toBeUndefined();
  });

  it("takes secrets and configs from files, texts and variables", () => {
    const files = {
      "/p/compose.yaml": `${service("user: a")}configs: {c: {content: "hi \${WHO}"}, own: {content: x, name: n}}
secrets: {f: {file: ./f}, e: {environment: WHO}, x: {external: true}, y: {external: true, name: real}}`,
      "/p/f": "data",
    };
    const project = projectOf(files, { variables: { WHO: "you" } });
    const reader = { read: (path: string) => (path === "/p/f" ? Buffer.from("data") : undefined) };
    const needed = (kind: "secrets" | "configs") =>
      filesOf(kind, project, namespace, reader).map(({ name, request }) => [
        name,
        request?.Data && Buffer.from(request.Data, "base64").toString(),
      ]);
    expect(needed("configs")).toEqual([
      ["app_c", "hi you"],
      ["n", "x"],
    ]);
    expect(needed("secrets")).toEqual([
      ["app_f", "data"],
      ["app_e", "you"],
      ["x", undefined],
      ["real", undefined],
    ]);
  });

  it.each([
    ["secrets: {s: {}}", "secrets.s must have one of file, content, environment and external"],
    ["secrets: {s: {file: ./no}}", 'secrets.s: cannot read "/p/no"'],
    ["secrets: {s: {environment: NO}}", 'secrets.s wants the variable "NO", which is not set'],
    ["secrets: {s: {file: ./no, content: x}}", "secrets.s has more than one of file, content and environment"],
  ])("refuses %s", (section, reason) => {
    const project = projectOf(`${service("user: a")}${section}`);
    expect(() => filesOf("secrets", project, namespace, { read: () => undefined })).toThrow(reason);
  });

  it("makes the networks that services use", () => {
    const project = projectOf(`services:
  a: {image: x}
  b: {image: x, networks: [own, ext, host]}
networks:
  own: {name: mine, driver_opts: {encrypted: ""}, ipam: {config: [{subnet: 10.9.0.0/24, gateway: 10.9.0.1, ip_range: 10.9.0.0/25}]}}
  ext: {external: true}
  host: {external: {name: host}}
  unused: {}
`);
    expect(networksOf(project, namespace)).toEqual([
      { name: "app_default", request: expect.objectContaining({ Driver: "overlay" }) },
      { name: "ext", request: undefined },
      { name: "host", request: undefined },
      {
        name: "mine",
        request: {
          Name: "mine",
          Driver: "overlay",
          Labels: { "com.docker.stack.namespace": "app" },
          Options: { encrypted: "" },
          IPAM: { Config: [{ Subnet: "10.9.0.0/24", IPRange: "10.9.0.0/25", Gateway: "10.9.0.1" }] },
        },
      },
    ]);
  });

  it("begins with what others depend on", () => {
    const { services } = projectOf(
      "services: {a: {image: x, depends_on: [c, b]}, b: {image: x, depends_on: [c]}, c: {image: x}}",
    );
    expect(inOrder({ services })).toEqual(["c", "b", "a"]);
  });
});

describe("whether an update would change nothing", () => {
  const base = specOf(service("environment: [A=1]"));
  const stored = {
    ...base,
    TaskTemplate: {
      ...base.TaskTemplate,
      ContainerSpec: { ...base.TaskTemplate.ContainerSpec, Isolation: "default" },
      Runtime: "container",
      ForceUpdate: 0,
      Resources: { Limits: {}, Reservations: {} },
    },
    Mode: { Replicated: { Replicas: 1 } },
    EndpointSpec: { Mode: "vip" },
  };

  it("does not mind in which order labels are, nor defaults of updates", () => {
    const one = specOf(service("deploy: {labels: {a: 1, b: 2}, update_config: {}}"));
    const Labels = Object.fromEntries(Object.entries(one.Labels ?? {}).reverse());
    const UpdateConfig = {
      Parallelism: 1,
      FailureAction: "pause",
      Monitor: 5e9,
      MaxFailureRatio: 0,
      Order: "stop-first",
    };
    expect(sameSpec(one, { ...one, Labels, UpdateConfig })).toBe(true);
  });

  it("does not mind what the daemon fills in", () => {
    expect(sameSpec(base, stored)).toBe(true);
  });

  it.each<[string, Partial<ServiceSpec>]>([
    ["no replicas", { Mode: { Replicated: { Replicas: 0 } } }],
    ["another mode", { Mode: { Global: {} } }],
    ["a label", { Labels: { ...base.Labels, x: "" } }],
    ["all at once", { UpdateConfig: { Parallelism: 0 } }],
    ["force", { TaskTemplate: { ...base.TaskTemplate, ForceUpdate: 1 } }],
  ])("minds %s", (_, change) => {
    expect(sameSpec({ ...base, ...change }, stored)).toBe(false);
  });
});
