import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FlagLab } from "../flags/lab.ts";
import { argumentOf, flagsOf } from "../flags/row.ts";
import { updateGroups } from "../flags/update-flags.ts";
import { command } from "../lab/command.ts";
import { dockerCliUnavailableReason } from "../lab/requirements.ts";

const reason = dockerCliUnavailableReason();
const title = "docker service update";

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, { timeout: 180_000 }, () => {
  let lab: FlagLab;

  beforeAll(async () => {
    lab = await FlagLab.start();
    await lab.prepare();
  });

  afterAll(() => lab?.close());

  it("is tried with each of its flags", async () => {
    const listed = flagsOf(await command(["docker", "service", "update", "--help"]));
    expect(listed.length).toBeGreaterThan(90);
    const tried = updateGroups.flatMap(({ rows }) => rows.map(({ flag }) => flag));
    expect(listed.filter(flag => !tried.includes(flag))).toEqual([]);
  });

  it.each(updateGroups)("does what the flags say: $service", async group => {
    const { service, given, before, image, command: words, rows } = group;
    await lab.create([...given, `--name=${service}`], image, words);
    if (before) await lab.update(before, service);
    const output = await lab.update(rows.map(argumentOf), service);
    for (const row of rows) await lab.check(service, row, output);
  });
});
