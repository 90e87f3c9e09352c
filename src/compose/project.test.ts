import { describe, expect, it } from "vitest";
import { projectOf, service } from "./project.test-kit.ts";

const webOf = (...args: Parameters<typeof projectOf>) => projectOf(...args).services.web;

describe("a Compose project", () => {
  it("reads YAML 1.2 with anchors, merge keys and octal modes", () => {
    const text = `x-base: &base {image: nginx, labels: {a: on, x: 22:22}}
services:
  web:
    <<: *base
    tty: true
    secrets: [{source: s, mode: 0440}]
secrets: {s: {external: true}}
`;
    expect(webOf(text)).toEqual({
      image: "nginx",
      labels: { a: "on", x: "22:22" },
      tty: true,
      secrets: [{ source: "s", mode: 0o440 }],
    });
  });

  it("takes variables from the environment before .env, as what they are meant to be", () => {
    const files = {
      "/p/compose.yaml": service(
        "tty: ${TTY}\ndeploy: {replicas: '${N:-2}'}\nhostname: ${A}-${B}\nports: ['${PORT}:80']",
      ),
      "/p/.env": "A=file\nB=file\nTTY=true\nPORT=81\n",
    };
    expect(webOf(files, { variables: { A: "shell" } })).toEqual({
      image: "nginx",
      tty: true,
      deploy: { replicas: 2 },
      hostname: "shell-file",
      ports: [{ target: 80, published: "81", protocol: "tcp", mode: "ingress" }],
    });
  });

  it("tells of variables that are not set, with their line", () => {
    const notices: string[] = [];
    webOf(service("hostname: a$NOPE\nuser: $NOPE"), { notices });
    expect(notices).toEqual(['/p/compose.yaml:4: the variable "NOPE" is not set: it becomes empty']);
  });

  it("reads env files in their order, and what the service says over them", () => {
    const files = {
      "/p/compose.yaml": service(
        "env_file: [a.env, {path: ./b.env, required: false}, {path: raw.env, format: raw}]\nenvironment: [C=own, D, E]",
      ),
      "/p/a.env": "A=1\nB=${X}\nC=file\n",
      "/p/raw.env": "R='$X'",
    };
    expect(webOf(files, { variables: { X: "x", D: "d" } })?.environment).toEqual({
      A: "1",
      B: "x",
      C: "own",
      D: "d",
      E: null,
      R: "'$X'",
    });
    expect(() => webOf(service("env_file: none.env"))).toThrow('Cannot read the env file "/p/none.env"');
  });

  it("has the services of the profiles that are asked for", () => {
    const text = `services:
  web: {image: a, depends_on: {debug: {condition: service_started, required: false}}}
  debug: {image: a, profiles: [debug, all]}
  tests: {image: a, profiles: [test], depends_on: [debug]}
`;
    const names = (profiles: string[], variables = {}) =>
      Object.keys(projectOf(text, { profiles, variables }).services);
    expect(names([])).toEqual(["web"]);
    expect(names(["debug"])).toEqual(["web", "debug"]);
    expect(names(["*"])).toEqual(["web", "debug", "tests"]);
    expect(names([], { COMPOSE_PROFILES: "test,all" })).toEqual(["web", "debug", "tests"]);
    expect(() => names(["test"])).toThrow(
      'services.tests depends on "debug", which is only there with --profile debug or --profile all',
    );
  });

  it("extends services of this file and of others, whose paths are their own", () => {
    const files = {
      "/p/compose.yaml": `services:
  web: {extends: {file: base/common.yaml, service: app}, labels: [b=2], user: me}
  api: {extends: web, command: serve}
`,
      "/p/base/common.yaml": `services:
  app: {extends: root, labels: [a=1], volumes: ["./data:/data"]}
  root: {image: base, user: root, command: x}
`,
    };
    const { web, api } = projectOf(files).services;
    const common = {
      image: "base",
      user: "me",
      labels: { a: "1", b: "2" },
      volumes: [{ type: "bind", source: "/p/base/data", target: "/data" }],
    };
    expect(web).toEqual({ ...common, command: ["x"] });
    expect(api).toEqual({ ...common, command: ["serve"] });
  });

  it("includes other projects with their own directory and variables", () => {
    const files = {
      "/p/compose.yaml":
        "include: [sub/compose.yaml, {path: [a.yaml, b.yaml], env_file: x.env}]\nservices: {web: {image: w, depends_on: [db]}}",
      "/p/sub/compose.yaml": "services: {db: {image: 'db:${V}', volumes: ['./d:/d']}}\nvolumes: {v: {}}",
      "/p/sub/.env": "V=9",
      "/p/a.yaml": "services: {a: {image: 'a:${X}'}}",
      "/p/b.yaml": "services: {a: {user: b}}",
      "/p/x.env": "X=1",
    };
    const { services, volumes } = projectOf(files);
    expect(services.db).toEqual({ image: "db:9", volumes: [{ type: "bind", source: "/p/sub/d", target: "/d" }] });
    expect(services.a).toEqual({ image: "a:1", user: "b" });
    expect([Object.keys(services).sort(), volumes]).toEqual([["a", "db", "web"], { v: {} }]);
  });

  it.each<[string, string | Record<string, string>, string]>([
    ["no YAML", "services: {web: {image: a}\nx: [", "/p/compose.yaml:"],
    ["a misspelt member", service("imagge: x"), "/p/compose.yaml:4: services.web.imagge is not known"],
    [
      "the wrong kind",
      service("deploy:\n  replicas: many"),
      '/p/compose.yaml:5: services.web.deploy.replicas must be a whole number, not "many"',
    ],
    [
      "no such mode",
      service("deploy: {mode: often}"),
      '/p/compose.yaml:4: services.web.deploy.mode must be one of replicated, global, replicated-job, global-job, not "often"',
    ],
    [
      "no duration",
      service("healthcheck: {interval: soon}"),
      'services.web.healthcheck.interval must be a duration like "90s" or "1m30s", not "soon"',
    ],
    ["no size", service("mem_limit: lots"), 'services.web.mem_limit must be a size like "64m" or "1g", not "lots"'],
    ["a list for a text", service("user: [a]"), "services.web.user must be a text, not a list"],
    ["no port", service('ports: ["x:y"]'), '/p/compose.yaml:4: "x:y" is not [[IP:]PUBLISHED:]TARGET[/PROTOCOL]'],
    [
      "a variable that must be set",
      service("user: ${WHO:?say who}"),
      "/p/compose.yaml:4: required variable WHO is missing a value: say who",
    ],
    ["broken interpolation", service("user: ${"), "/p/compose.yaml:4: invalid interpolation"],
    ["an unknown tag", service("user: !wat x"), '/p/compose.yaml:4: unknown tag "!wat"'],
    [
      "no image",
      "services:\n  web:\n    user: a",
      "/p/compose.yaml:3: services.web must have an image: a swarm does not build",
    ],
    ["no services", "volumes: {v: {}}", "there are no services"],
    [
      "an undefined network",
      service("networks: [front]"),
      '/p/compose.yaml:4: services.web uses networks.front, which is not defined: add it under networks, with "external: true" if it exists already',
    ],
    ["an undefined volume", service('volumes: ["db:/d"]'), "services.web uses volumes.db, which is not defined"],
    ["an undefined dependency", service("depends_on: [db]"), 'services.web depends on "db", which is not defined'],
    [
      "dependencies in a circle",
      "services:\n  w: {image: x, depends_on: [a]}\n  a: {image: x, depends_on: [b]}\n  b: {image: x, depends_on: [a]}",
      "/p/compose.yaml:3: services depend on each other: a → b → a",
    ],
    ["a service that waits for itself", service("depends_on: [web]"), "services depend on each other: web → web"],
    ["what would mean something else", service("volumes_from: [x]"), "services.web.volumes_from cannot be used"],
    ["extends of nothing", service("extends: nope"), 'there is no service "nope" to extend in /p/compose.yaml'],
    ["extends in a circle", "services: {a: {extends: b}, b: {extends: a}}", 'service "a" extends itself in the end'],
    [
      "includes in a circle",
      { "/p/compose.yaml": "include: b.yaml\nservices: {a: {image: x}}", "/p/b.yaml": "include: compose.yaml" },
      "/p/compose.yaml includes itself",
    ],
    [
      "an include that says otherwise",
      { "/p/compose.yaml": "include: b.yaml\nservices: {a: {image: x}}", "/p/b.yaml": "services: {a: {image: y}}" },
      "services.a is defined otherwise in /p/b.yaml, which is included",
    ],
    ["no file", {}, 'Cannot read "/p/compose.yaml": there is no such file'],
  ])("refuses %s", (_, files, reason) => {
    expect(() => projectOf(files)).toThrow(reason);
  });

  it("leaves out what a swarm cannot do, and says so with file and line", () => {
    const notices: string[] = [];
    const text = service(
      "privileged: true\nbuild: .\nnetworks: {n: {ipv4_address: 10.0.0.9, aliases: [a]}}\nx-mine: {a: 1}",
    );
    expect(webOf(`${text}networks: {n: {x-mine: 1}}`, { notices })).toEqual({
      image: "nginx",
      networks: { n: { aliases: ["a"] } },
    });
    expect(notices).toEqual([
      "/p/compose.yaml:4: services.web.privileged is ignored: a swarm's tasks cannot be privileged: use cap_add",
      "/p/compose.yaml:5: services.web.build is ignored: a swarm runs images: build it, push it, and name it with image",
      "/p/compose.yaml:6: services.web.networks.n.ipv4_address is ignored: the swarm gives addresses out: tasks come and go",
    ]);
  });

  it("survives a bomb of aliases", () => {
    const levels = Array.from(
      { length: 12 },
      (_, at) => `x-${at + 1}: &l${at + 1} [${Array(9).fill(`*l${at}`).join(", ")}]`,
    );
    expect(() => projectOf(`x-0: &l0 [a]\n${levels.join("\n")}\nservices: {}`)).toThrow("has more than 100000 values");
  });
});
