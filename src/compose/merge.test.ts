import { describe, expect, it } from "vitest";
import { projectOf } from "./project.test-kit.ts";

const paths = ["compose.yaml", "more.yaml"];

/** Service `web` of one file with a second one over it. */
function merged(first: string, second: string): object {
  const file = (members: string): string => `services: {web: {${members}}}\n`;
  const files = { "/p/compose.yaml": file(`image: a, ${first}`), "/p/more.yaml": file(second) };
  const { image: _, ...rest } = projectOf(files, { paths }).services.web ?? {};
  return rest;
}

describe("merging Compose files", () => {
  it.each<[string, string, string, object]>([
    ["single values", "user: a, tty: true", "user: b", { user: "b", tty: true }],
    ["maps by key", "labels: [x=1, y=2]", "labels: {y: 3}", { labels: { x: "1", y: "3" } }],
    [
      "environments",
      "environment: {A: 1, B: 2}",
      "environment: [B=3, C]",
      { environment: { A: "1", B: "3", C: null } },
    ],
    [
      "lists",
      "deploy: {placement: {constraints: [a==b]}}",
      "deploy: {placement: {constraints: [c==d]}}",
      { deploy: { placement: { constraints: ["a==b", "c==d"] } } },
    ],
    ["lists of single words, each once", "dns: 8.8.8.8", "dns: [8.8.8.8, 1.1.1.1]", { dns: ["8.8.8.8", "1.1.1.1"] }],
    ["commands: the last", "command: [a, b]", "command: c d", { command: ["c", "d"] }],
    ["entry points: the last", "entrypoint: a", "entrypoint: [b]", { entrypoint: ["b"] }],
    [
      "health checks, but for their test",
      "healthcheck: {test: a, retries: 2}",
      "healthcheck: {test: [CMD, b]}",
      { healthcheck: { test: ["CMD", "b"], retries: 2 } },
    ],
    [
      "volumes by target",
      'volumes: ["/a:/x", "/b:/y"]',
      'volumes: ["/c:/x:ro"]',
      {
        volumes: [
          { type: "bind", source: "/c", target: "/x", read_only: true },
          { type: "bind", source: "/b", target: "/y" },
        ],
      },
    ],
    [
      "ports by all they are",
      'ports: ["80:80"]',
      'ports: ["80:80", "81:80"]',
      {
        ports: [
          { target: 80, published: "80", protocol: "tcp", mode: "ingress" },
          { target: 80, published: "81", protocol: "tcp", mode: "ingress" },
        ],
      },
    ],
    [
      "dependencies, short over long",
      "depends_on: {a: {condition: service_healthy}}",
      "depends_on: [b]",
      { depends_on: { a: { condition: "service_healthy" }, b: { condition: "service_started" } } },
    ],
    [
      "options of the same log driver",
      "logging: {driver: x, options: {a: 1}}",
      "logging: {options: {b: 2}}",
      { logging: { driver: "x", options: { a: "1", b: "2" } } },
    ],
    [
      "not those of another one",
      "logging: {driver: x, options: {a: 1}}",
      "logging: {driver: y}",
      { logging: { driver: "y" } },
    ],
    [
      "ulimits: each as a whole",
      "ulimits: {nofile: {soft: 1, hard: 2}}",
      "ulimits: {nofile: 3}",
      { ulimits: { nofile: { soft: 3, hard: 3 } } },
    ],
    ["!reset", "labels: [x=1], dns: [1.1.1.1]", "labels: !reset null, dns: !reset []", {}],
    ["!reset of one key", "labels: {x: 1, y: 2}", "labels: {x: !reset null}", { labels: { y: "2" } }],
    [
      "!override",
      'ports: ["80:80"], labels: {x: 1}',
      'ports: !override ["81:81"], labels: !override {y: 2}',
      { ports: [{ target: 81, published: "81", protocol: "tcp", mode: "ingress" }], labels: { y: "2" } },
    ],
  ])("%s", (_, first, second, result) => {
    const others = /depends_on/.test(first + second) ? "}, a: {image: a}, b: {image: b" : "";
    expect(merged(first + others, second)).toEqual(result);
  });

  it("adds services, networks and what else a later file has", () => {
    const files = {
      "/p/compose.yaml": "services: {a: {image: x}}\nnetworks: {n: {driver: overlay}}\nvolumes: {v: }",
      "/p/more.yaml": "services: {b: {image: y}}\nnetworks: {n: {attachable: true}}\nsecrets: {s: {file: ./s}}",
    };
    const { services, networks, volumes, secrets } = projectOf(files, { paths });
    expect({ services: Object.keys(services), networks, volumes, secrets }).toEqual({
      services: ["a", "b"],
      networks: { n: { driver: "overlay", attachable: true } },
      volumes: { v: {} },
      secrets: { s: { file: "/p/s" } },
    });
  });
});
