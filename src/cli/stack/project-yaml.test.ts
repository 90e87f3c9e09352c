import { expect, it } from "vitest";
import { parse } from "yaml";
import { projectOf, service } from "../../compose/project.test-kit.ts";
import { projectDocument, projectYaml } from "./project-yaml.ts";

const text = service('restart: "no"\ncommand: [echo, $$HOME, $A]\nlabels: {price: "3$$"}');

it("is the same project when it is read again, filled in or not", () => {
  const project = projectOf(text, { variables: { A: "x$y" } });
  expect(project.services.web?.command).toEqual(["echo", "$HOME", "x$y"]);
  expect(projectOf(projectYaml(project, "doubled")).services).toEqual(project.services);
  const verbatim = projectOf(text, { verbatim: true });
  const again = projectOf(projectYaml(verbatim, "as they are"), { variables: { A: "x$y" } });
  expect(again.services).toEqual(project.services);
});

it("means the same to programs that read YAML 1.1, and as JSON", () => {
  const project = projectOf(text, { variables: { A: "a" } });
  const yaml = projectYaml(project, "doubled");
  expect(parse(yaml, { version: "1.1" })).toEqual(projectDocument(project, "doubled"));
  expect(parse(yaml, { version: "1.1" })).toMatchObject({
    services: { web: { restart: "no", labels: { price: "3$$" } } },
  });
});
