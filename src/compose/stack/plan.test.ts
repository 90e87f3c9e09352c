import { describe, expect, it } from "vitest";
import { projectOf } from "../project.test-kit.ts";
import { Namespace } from "./namespace.ts";
import { type Present, planOf, type Step } from "./plan.ts";
import { serviceSpecOf } from "./service-spec.ts";

const namespace = new Namespace("app");
const nothing: Present = { services: new Map(), networks: new Map(), secrets: new Map(), configs: new Map() };
const file = (web = "image: nginx", more = "") => `services:\n  web: { ${web} }\n${more}`;
const secret = "secrets:\n  key: { content: hush }\n";
const withSecret = "image: nginx, secrets: [key]";

function stepsOf(text: string, present: Present = nothing, prune = false): Step[] {
  const options = { files: { read: () => undefined }, prune };
  return planOf(projectOf(text), namespace, present, options);
}

/** What is there after the file was deployed. */
function deployed(text: string): Present {
  const project = projectOf(text);
  const services = Object.entries(project.services).map(([name, service]) => {
    const spec = serviceSpecOf(name, service, project, namespace, (_kind, named) => `id of ${named}`);
    return [spec.Name, { id: `id of ${spec.Name}`, version: 7, spec }] as const;
  });
  const labels = namespace.labels();
  const data = Buffer.from("hush").toString("base64");
  return {
    services: new Map(services),
    networks: new Map([["app_default", "n1"]]),
    secrets: new Map([["app_key", { id: "id of app_key", version: 3, labels, data }]]),
    configs: new Map(),
  };
}

const told = (steps: readonly Step[]) =>
  steps.map(({ kind, name, action, says }) => [kind, name, action, ...says].join(" "));

describe("the plan of a stack", () => {
  const CASES: readonly (readonly [string, string, Present, readonly string[]])[] = [
    [
      "a new one",
      file(withSecret, secret),
      nothing,
      ["network app_default create", "secret app_key create", "service app_web create nginx:latest 1 replica"],
    ],
    [
      "one that is so already",
      file(withSecret, secret),
      deployed(file(withSecret, secret)),
      ["network app_default keep", "secret app_key keep", "service app_web keep"],
    ],
    [
      "another image, environment and scale",
      file("image: nginx:2, environment: [A=1], deploy: {replicas: 3}"),
      deployed(file()),
      [
        "network app_default keep",
        "service app_web update image nginx:latest → nginx:2 1 replica → 3 replicas environment",
      ],
    ],
    [
      "a service of a profile that is not chosen",
      file("image: nginx", "  debug: { image: nginx, profiles: [debug] }\n"),
      deployed(file("image: nginx", "  debug: { image: nginx }\n")),
      ["network app_default keep", "service app_web keep", "service app_debug keep of another profile"],
    ],
    [
      "a service that is not in the file any more",
      file(),
      deployed(file("image: nginx", "  old: { image: nginx }\n")),
      ["network app_default keep", "service app_web keep", "service app_old keep not in the file any more"],
    ],
  ];
  it.each(CASES)("%s", (_what, text, present, expected) => expect(told(stepsOf(text, present))).toEqual(expected));

  it("removes no service of a profile that is not chosen", () => {
    const before = deployed(file("image: nginx", "  debug: { image: nginx }\n"));
    const steps = stepsOf(file("image: nginx", "  debug: { image: nginx, profiles: [debug] }\n"), before, true);
    expect(steps.map(({ action }) => action)).toEqual(["keep", "keep", "keep"]);
  });

  it("removes what is not in the file any more where that is asked for", () => {
    const steps = stepsOf(file(), deployed(file("image: nginx", "  old: { image: nginx }\n")), true);
    expect(steps.at(-1)).toMatchObject({
      action: "remove",
      call: { method: "DELETE", path: "/services/id of app_old" },
    });
  });

  it("names the version that it was made for", () => {
    const steps = stepsOf(file("image: nginx:2"), deployed(file()));
    expect(steps.at(-1)?.call?.path).toBe("/services/id of app_web/update?version=7&registryAuthFrom=spec");
  });

  it("has words for ids that there will be", () => {
    const steps = stepsOf(file(withSecret, secret));
    expect(JSON.stringify(steps.at(-1)?.call?.body)).toContain('"SecretID":"after:secret:app_key"');
  });

  it("starts what depends on a service anew with it", () => {
    const two = (image: string) =>
      file(
        `image: "${image}"`,
        "  api: { image: nginx, depends_on: { web: { condition: service_started, restart: true } } }\n",
      );
    expect(told(stepsOf(two("nginx:2"), deployed(two("nginx")))).at(-1)).toBe(
      "service app_api update starts anew with what it depends on",
    );
  });

  it.each([
    [
      "a secret with another content",
      file(withSecret, secret.replace("hush", "other")),
      "the content of secret app_key has changed",
    ],
    [
      "an external network that is not there",
      file("image: nginx, networks: [x]", "networks:\n  x: { external: true }\n"),
      'network "x" is external',
    ],
    [
      "an external config that is not there",
      file("image: nginx, configs: [x]", "configs:\n  x: { external: true }\n"),
      'config "x" is external',
    ],
  ])("is refused for %s", (_what, text, message) => {
    expect(() => stepsOf(text, deployed(file(withSecret, secret)))).toThrow(message);
  });
});
