import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CommandResult, eventually } from "../lab/command.ts";
import { Daemon } from "../lab/daemon.ts";
import { shoal as run, shoalOk } from "../lab/shoal.ts";

const sleeping = ["shoal/sleep"];
const shoal = (daemon: Daemon, ...args: string[]): Promise<CommandResult> => run(daemon, args);

async function ok(daemon: Daemon, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await shoal(daemon, ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.trim();
}

/** The words of a table's rows, without its head. */
const rows = (table: string): string[][] =>
  table
    .split("\n")
    .slice(1)
    .map(line => line.trim().split(/\s{2,}/));

describe("the shoal command", () => {
  const flags = ["--runtime", "embedded"];
  const manager = new Daemon({ address: "127.0.34.1", hostname: "m", flags });
  const worker = new Daemon({ address: "127.0.34.2", hostname: "w", flags });
  const all = [manager, worker];
  const at = ({ options }: Daemon): string[] => ["--listen-addr", options.address, "--advertise-addr", options.address];

  beforeAll(() => Promise.all(all.map(one => one.start())));
  afterAll(() => Promise.all(all.map(one => one.dispose())));

  it("founds a swarm and prints the command that joins it", async () => {
    const refused = await shoal(manager, "node", "ls");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("Error response from daemon: This node is not a swarm manager.");
    const told = await ok(manager, "swarm", "init", ...at(manager));
    const [, token = "", remote = ""] = /shoal swarm join --token (\S+) (\S+)/.exec(told) ?? [];
    expect(await ok(worker, "swarm", "join", ...at(worker), "--token", token, remote)).toBe(
      "This node joined a swarm as a worker.",
    );
    const nodes = rows(await ok(manager, "node", "ls")).map(([, hostname, status]) => [hostname, status]);
    expect(nodes.sort()).toEqual([
      ["m", "Ready"],
      ["w", "Ready"],
    ]);
  });

  it("tells of the node, its swarm and its networks in docker's words", async () => {
    for (const one of all) {
      const swarmOf = (info: string): string[] => {
        const lines = info.split("\n");
        const at = lines.findIndex(line => line.trimStart().startsWith("Swarm: "));
        const depth = /^ */.exec(lines[at] ?? "")?.[0].length ?? 0;
        const end = lines.findIndex((line, n) => n > at && !line.startsWith(" ".repeat(depth + 1)));
        return lines
          .slice(at, end < 0 ? undefined : end)
          .map(line => line.slice(depth).trimEnd().replace(/^ {2}/, " "));
      };
      const { stdout } = await one.docker("info");
      expect(swarmOf(await ok(one, "info"))).toEqual(swarmOf(stdout));
    }
    const listed = await manager.docker("network", "ls", "--format", "json", "--filter", "scope=swarm");
    expect(JSON.parse(await ok(manager, "network", "ls", "--format", "json", "--filter", "scope=swarm"))).toEqual(
      JSON.parse(listed.stdout),
    );
    expect(await ok(manager, "version")).toMatch(
      /^Version: .+\nAPI version: 1\.\d+ \(minimum version 1\.24\)\nOS\/Arch: /,
    );
  });

  it("shows and changes join tokens", async () => {
    const token = () => ok(manager, "swarm", "join-token", "-q", "worker");
    const before = await token();
    expect(await ok(manager, "swarm", "join-token", "worker")).toContain(before);
    await ok(manager, "swarm", "join-token", "--rotate", "worker");
    expect(await token()).not.toBe(before);
    expect((await shoal(manager, "swarm", "join-token", "boss")).stderr).toContain('unknown role "boss"');
  });

  it("creates a service and waits until it runs", async () => {
    const told = await ok(manager, "service", "create", "--name", "web", "--replicas", "2", ...sleeping);
    expect(told.split("\n").at(-1)).toBe("web: 2 of 2 running");
    expect(rows(await ok(manager, "service", "ls"))[0]?.slice(1)).toEqual([
      "web",
      "replicated",
      "2/2",
      "shoal/sleep:latest",
    ]);
    expect(rows(await ok(manager, "service", "ps", "web")).map(([, name]) => name)).toEqual(["web.1", "web.2"]);
    const ids = (await ok(manager, "service", "ps", "-q", "--filter", "desired-state=running", "web")).split("\n");
    expect(ids).toEqual([expect.stringMatching(/^\w{25}$/), expect.stringMatching(/^\w{25}$/)]);
    const here = await ok(manager, "service", "ps", "--filter", "node=self", "--format", "{{.Node}}", "web");
    expect(new Set(here.split("\n"))).toEqual(new Set(["m"]));
    const everywhere = await ok(manager, "service", "create", "--name", "all", "--mode", "global", ...sleeping);
    expect(everywhere.split("\n").at(-1)).toBe("all: 2 of 2 running");
  });

  it("scales, updates and rolls back", async () => {
    expect((await ok(manager, "service", "scale", "web=3")).split("\n").at(-1)).toBe("web: 3 of 3 running");
    await ok(manager, "service", "update", "--env-add", "A=1", "--label-add", "x=y", "web");
    expect(await ok(manager, "service", "inspect", "-f", "{{.Spec.UpdateConfig.Parallelism}}", "web")).toBe("1");
    const spec = async () => (JSON.parse(await ok(manager, "service", "inspect", "web")) as [{ Spec: object }])[0].Spec;
    expect(await spec()).toMatchObject({ Labels: { x: "y" }, TaskTemplate: { ContainerSpec: { Env: ["A=1"] } } });
    await ok(manager, "service", "rollback", "web");
    expect(await spec()).not.toHaveProperty("TaskTemplate.ContainerSpec.Env");
  });

  it("says in one line what was wrong", async () => {
    const wrong = async (...args: string[]) => {
      const { code, stderr } = await shoal(manager, ...args);
      expect([code, stderr]).toEqual([1, expect.not.stringContaining("    at ")]);
      return stderr.split("\n")[0];
    };
    expect(await wrong("service", "scale", "web")).toBe('error: Cannot scale "web": it must be SERVICE=REPLICAS');
    expect(await wrong("service", "scale", "web=many")).toContain('Cannot scale "web=many"');
    expect(await wrong("service", "create", "--reserve-memory", "lots", ...sleeping)).toContain("'lots' is invalid");
    expect(await wrong("service", "create", "-p", "x:y", ...sleeping)).toContain("[PUBLISHED:]TARGET[/PROTOCOL]");
    expect(await wrong("service", "create", "--name", "web", ...sleeping)).toContain("AlreadyExists");
    expect(await wrong("service", "ps", "nope")).toBe("Error response from daemon: service nope not found");
    const some = await shoal(manager, "service", "ps", "nope", "web", "--format", "{{.Name}}");
    expect(some).toMatchObject({ code: 1, stderr: "Error response from daemon: service nope not found\n" });
    expect(some.stdout).toContain("web.1\n");
    expect(await wrong("-H", "nowhere", "node", "ls")).toContain('error: Cannot use "nowhere"');
    expect(await wrong("-H", "unix:///tmp/no-such-socket", "node", "ls")).toContain(
      "error: Cannot reach the daemon at",
    );
    expect(await wrong("nonsense")).toContain("unknown command");
  });

  it("exits with 1 when an update is paused", async () => {
    const { code, stderr } = await shoal(manager, "service", "update", "--args", "nonsense", "web");
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^error: service update paused: update paused due to/)]);
  });

  it("prints logs under their tasks' names", async () => {
    const script = ["sh", "-c", "echo hello; sleep 1000"];
    await ok(manager, "service", "create", "--name", "talk", "shoal/job", ...script);
    const text = await eventually("a line", async () => (await ok(manager, "service", "logs", "talk")) || undefined);
    expect(text).toMatch(/^talk\.1\.[0-9a-z]{12}@[mw] \| hello$/);
    expect(await ok(manager, "service", "logs", "-t", "talk")).toMatch(/^20\S+Z talk\.1\.\S+ \| hello$/);
  });

  it("keeps secrets and configs, and gives them to services by name", async () => {
    await shoalOk(manager, ["secret", "create", "key", "-"], { input: "k" });
    await shoalOk(manager, ["config", "create", "--label", "a=b", "conf", "-"], { input: "c" });
    expect(await ok(manager, "config", "ls", "--format", "{{.Name}} {{.Labels}}")).toBe("conf a=b");
    const flags = ["--secret", "key", "--config", "source=conf,target=/etc/c", "--env", "A=1", "--detach=true"];
    await ok(manager, "service", "create", "--name", "holder", ...flags, ...sleeping);
    const names = "{{range .Spec.TaskTemplate.ContainerSpec.Secrets}}{{.SecretName}}{{end}}";
    expect(await ok(manager, "service", "inspect", "--format", names, "holder")).toBe("key");
    expect((await shoal(manager, "secret", "rm", "key")).stderr).toContain(
      "is in use by the following service: holder",
    );
    await ok(manager, "service", "update", "-d", "--secret-rm", "key", "--config-rm", "conf", "holder");
    expect(await ok(manager, "secret", "rm", "key")).toBe("key");
    expect((await shoal(manager, "service", "update", "--secret-add", "nope", "holder")).stderr).toContain(
      "secret not found: nope; create it with",
    );
    await ok(manager, "service", "rm", "holder");
  });

  it("removes what there is of several, and tells what there is not", async () => {
    const { code, stdout, stderr } = await shoal(manager, "service", "rm", "all", "nope", "talk");
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: "all\ntalk\n",
      stderr: "Error response from daemon: service nope not found\n",
    });
    expect(rows(await ok(manager, "service", "ls")).map(([, name]) => name)).toEqual(["web"]);
  });

  it("changes, watches and removes nodes, and leaves", async () => {
    expect(await ok(manager, "node", "demote", "w")).toBe("Node w is already a worker.");
    await ok(manager, "node", "update", "--availability", "drain", "--label-add", "zone=a", "w");
    const [node] = JSON.parse(await ok(manager, "node", "inspect", "w")) as [{ Spec: object }];
    expect(node.Spec).toMatchObject({ Availability: "drain", Labels: { zone: "a" } });
    expect(await ok(worker, "info")).toMatch(/Swarm: active\n.*\n Is Manager: false\n Node Address: 127\.0\.34\.2\n/);
    expect(await ok(worker, "swarm", "leave")).toBe("Node left the swarm.");
    await eventually("it may be removed", async () =>
      (await shoal(manager, "node", "rm", "w")).code === 0 ? true : undefined,
    );
    expect((await shoal(manager, "swarm", "leave")).stderr).toContain("Use `--force`");
    expect(await ok(manager, "swarm", "leave", "--force")).toBe("Node left the swarm.");
  });
});
