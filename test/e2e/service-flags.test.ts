import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createGroups } from "../flags/create-flags.ts";
import { deployRows, deployStack } from "../flags/deploy-keys.ts";
import { deployKeysOf } from "../flags/deploy-schema.ts";
import { FlagLab, meet } from "../flags/lab.ts";
import { argumentOf, flagsOf } from "../flags/row.ts";
import { command } from "../lab/command.ts";
import { dockerCliUnavailableReason, findProgram } from "../lab/requirements.ts";

const reason = dockerCliUnavailableReason();
const title = "docker service create and stack deploy";

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, { timeout: 180_000 }, () => {
  let lab: FlagLab;

  beforeAll(async () => {
    lab = await FlagLab.start();
    await lab.prepare();
  });

  afterAll(() => lab?.close());

  it("are tried with each flag of service create", async () => {
    const listed = flagsOf(await command(["docker", "service", "create", "--help"]));
    expect(listed.length).toBeGreaterThan(70);
    const tried = createGroups.flatMap(({ rows }) => rows.map(({ flag }) => flag));
    expect(listed.filter(flag => !tried.includes(flag))).toEqual([]);
  });

  it.each(createGroups)("do what the flags say: $service", async ({ service, image, command: words, rows }) => {
    const named = rows.some(({ flag }) => flag === "--name") ? [] : [`--name=${service}`];
    const output = await lab.create([...rows.map(argumentOf), ...named], image, words);
    for (const row of rows) await lab.check(service, row, output);
  });

  it("have lines logged with what the log driver's options name", async () => {
    const logs = () => lab.manager.dockerOk("service", "logs", "--details", "flags");
    expect(await logs()).toMatch(/^flags\.1\.\w+@host1 +\| colour=blue to stdout$/);
  });

  it("are tried with each key of a stack file's deploy", () => {
    const keys = deployKeysOf(findProgram("docker") ?? "");
    expect(keys.length).toBeGreaterThan(20);
    expect(deployRows.map(({ key }) => key).sort()).toEqual(keys.sort());
  });

  it("do what the keys of deploy say", async () => {
    const deployed = await lab.manager.dockerWith(
      deployStack,
      ...["stack", "deploy", "--detach", "--resolve-image", "never", "-c", "-", "all"],
    );
    expect(deployed).toMatchObject({ code: 0 });
    const spec = await lab.spec("all_web");
    for (const row of deployRows) meet(spec, row.spec, row.key);
  });
});
