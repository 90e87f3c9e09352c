import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FlagLab } from "../flags/lab.ts";
import { eventually } from "../lab/command.ts";
import { registryUser } from "../lab/registry.ts";
import { dockerCliUnavailableReason } from "../lab/requirements.ts";

const reason = dockerCliUnavailableReason();
const title = "images from a registry";

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, { timeout: 180_000 }, () => {
  let lab: FlagLab;

  beforeAll(async () => {
    lab = await FlagLab.start();
  });

  afterAll(() => lab?.close());

  const create = (name: string, image: string, ...flags: string[]) =>
    lab.manager.dockerOk(
      ...["service", "create", "-d", "-q", "--name", name, "--stop-signal", "KILL", ...flags],
      ...[`${lab.registry.address}/${image}`, "sleep", "1000"],
    );

  /** Waits until `docker service ps` says something of this form of one of a service's tasks. */
  const shows = async (name: string, form: RegExp): Promise<void> => {
    let lines = "";
    await eventually(`service ps of ${name} shows ${form}`, async () => {
      lines = await lab.manager.dockerOk(
        "service",
        "ps",
        "--no-trunc",
        "--format",
        "{{.CurrentState}} | {{.Error}}",
        name,
      );
      return lines.split("\n").some(line => form.test(line)) ? true : undefined;
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}, but ${lines}`);
    });
  };

  it("say how far their pull is, and nothing more of it once they are there", async () => {
    await create("slow", "open/slow:1");
    await shows("slow", /^Preparing .* \| "pulling image 127\.0\.0\.1:\d+\/open\/slow:1@sha256:\w+: 1 of 2 layers/);
    await lab.registry.release();
    await shows("slow", /^Running [^|]* \|$/);
  });

  it("are told of when they are not there, or their registry is not", async () => {
    await create("missing", "open/missing:9", "--restart-delay", "100s");
    await shows("missing", /^Rejected .* \| "No such image: \S+open\/missing:9 \(pull: .*manifest unknown/);
    const gone = ["--restart-delay", "100s", "127.0.0.1:1/gone:1"];
    await lab.manager.dockerOk("service", "create", "-d", "-q", "--name", "gone", ...gone);
    await shows("gone", /^Rejected .* \| "No such image: 127\.0\.0\.1:1\/gone:1 \(pull: .*connection refused/);
  });

  it("are pulled with a login that only the nodes get, pinned to their digest", async () => {
    await create("private", "team/tiny:1", "--restart-delay", "100s");
    await shows("private", /^Rejected .* \| "No such image: \S+team\/tiny:1 \(pull: .*(?:access denied|unauthorized)/);
    await lab.login();
    const image = `${lab.registry.address}/team/tiny:1`;
    await lab.manager.dockerOk("service", "update", "-d", "-q", "--with-registry-auth", "--image", image, "private");
    await shows("private", /^Running /);
    const shown = await lab.manager.dockerOk("service", "inspect", "private");
    expect(shown).toMatch(/"Image": "127\.0\.0\.1:\d+\/team\/tiny:1@sha256:[0-9a-f]{64}"/);
    const tasks = JSON.stringify(await lab.manager.apiOk("GET", "/tasks"));
    const password = Buffer.from(registryUser.password).toString("base64").replace(/=+$/, "");
    for (const text of [shown, tasks]) expect(text).not.toContain(password);
    expect(tasks).not.toMatch(/RegistryAuth|PullOptions/i);
    expect((await lab.registry.requests()).some(line => /^200 GET \/v2\/team\/tiny\/manifests\//.test(line))).toBe(
      true,
    );
  });

  it("keep the login when the service is updated without one", async () => {
    const { manager } = lab;
    await manager.dockerOk("service", "rm", "slow");
    await manager.dockerOk("service", "scale", "-d", "private=0");
    await eventually("no task runs", async () => ((await manager.dockerOk("ps", "-q")) === "" ? true : undefined));
    const id = await manager.dockerOk("images", "-q", "--digests", `${lab.registry.address}/team/tiny`);
    await manager.dockerOk("image", "rm", "-f", id);
    await manager.dockerOk("service", "update", "-d", "-q", "--no-resolve-image", "--replicas", "1", "private");
    await shows("private", /^Running /);
    expect(await manager.dockerOk("images", "-q", "--digests", `${lab.registry.address}/team/tiny`)).toBe(id);
  });
});
