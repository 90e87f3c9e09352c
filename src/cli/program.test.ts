import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { completionScript } from "./completion.ts";
import { newProgram } from "./program.ts";

/** Each command of docker CLI 28.2.2 that is about a swarm, with its flags. */
const docker = readFileSync(resolve(import.meta.dirname, "../../test/fixtures/docker-28-flags.txt"), "utf8")
  .trim()
  .split("\n")
  .map((line): [string, string[]] => {
    const [command = "", flags = ""] = line.split(":");
    return [command, flags.split(" ").filter(Boolean)];
  });

function find(words: string): Command | undefined {
  return words
    .split(" ")
    .reduce<Command | undefined>(
      (command, word) => command?.commands.find(one => one.name() === word || one.aliases().includes(word)),
      newProgram(),
    );
}

describe("the shoal command", () => {
  it.each(docker)("%s takes all that docker's takes", (command, flags) => {
    const ours = new Set(find(command)?.options.map(({ long }) => long));
    expect(flags.filter(flag => !ours.has(flag))).toEqual([]);
  });

  it("describes every command and every flag", () => {
    const silent: string[] = [];
    const visit = (command: Command, words: string): void => {
      if (!command.description()) silent.push(words);
      for (const { long, description, hidden } of command.options)
        if (!description && !hidden) silent.push(`${words} ${long}`);
      for (const one of command.commands) visit(one, `${words} ${one.name()}`);
    };
    visit(newProgram(), "shoal");
    expect(silent).toEqual([]);
  });

  it.each([
    [["--detach=false"], false],
    [["--detach=true"], true],
    [["-d"], true],
    [["-d", "--detach=false"], false],
    [[], undefined],
  ])("takes %j as Go's programs do", (args, detach) => {
    const create = find("service create");
    create?.action(() => {});
    create?.parse([...args, "nginx", "--detach=inner"], { from: "user" });
    expect([create?.opts().detach, create?.args]).toEqual([detach, ["nginx", "--detach=inner"]]);
  });

  it.each(["bash", "zsh", "fish"] as const)("completes in %s, without what is hidden", shell => {
    const script = completionScript(newProgram(), shell);
    expect(script).toContain("with-registry-auth");
    expect(script).toContain("service ls --format");
    expect(script).not.toContain("detach=false");
  });
});
