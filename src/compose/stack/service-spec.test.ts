import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { readProject } from "../project.ts";
import { dependsOnLabel } from "./dependencies.ts";
import { Namespace } from "./namespace.ts";
import { normalSpec } from "./same-spec.ts";
import { serviceSpecOf } from "./service-spec.ts";
import type { ServiceSpec } from "./spec.ts";

const fixtures = resolve(import.meta.dirname, "../../../test/fixtures/stack");

const readIfThere = (path: string): Buffer | undefined => (existsSync(path) ? readFileSync(path) : undefined);

/** What docker CLI 28.2.2 sent to an engine for the same file. */
const recorded = JSON.parse(
  readFileSync(resolve(fixtures, "docker-28.json"), "utf8").replaceAll("FIXTURES", fixtures),
) as {
  services: ServiceSpec[];
};

describe("the services of a stack file", () => {
  const project = readProject({
    paths: ["stack.yml"],
    directory: fixtures,
    home: "/home/me",
    files: { read: readIfThere },
    environment: () => undefined,
    notice: () => {},
  });
  const namespace = new Namespace("st");
  const specs = Object.entries(project.services).map(([name, service]) =>
    serviceSpecOf(name, service, project, namespace, (_, named) => `id_${named}`),
  );

  it.each(recorded.services.map(spec => [spec.Name, spec] as const))("makes of %s what docker makes", (name, spec) => {
    const ours = specs.find(({ Name }) => Name === name);
    const { [dependsOnLabel]: _, ...labels } = ours?.Labels ?? {};
    expect(ours && normalSpec({ ...ours, Labels: labels })).toEqual(normalSpec(spec));
  });
});
