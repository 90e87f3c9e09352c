import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../lab/command.ts";
import { findProgram } from "../lab/requirements.ts";
import { runningTasks } from "../lab/services.ts";
import { Swarm } from "../lab/swarm.ts";

const reason = findProgram("docker") ? undefined : "the docker CLI is not installed";
const title = "lists and events by the stock docker CLI";

const stack = `version: "3.13"
services:
  front: { image: shoal/sleep, deploy: { labels: { tier: front } } }
  back: { image: shoal/sleep }
`;

/** What a list shows, with filters and formats of every kind. `MANAGER`, `WEB` and `TASK` stand for ids. */
const lists: readonly (readonly [command: string, ...lines: string[]])[] = [
  ["service ls --filter name=we --format {{.Name}}", "web"],
  ["service ls --filter label=tier --format {{.Name}}", "all_front", "web"],
  ["service ls --filter label=tier=web --format {{.Name}}", "web"],
  ["service ls --filter mode=global --format {{.Name}}/{{.Mode}}", "every/global"],
  ["service ls --filter mode=replicated --filter name=web --format {{.Replicas}}", "2/2"],
  ["service ls --filter id=WEB --format {{.Image}}", "shoal/sleep:latest"],
  ["service ls --filter name=nothing -q"],
  ["service ps web --filter node=w1 --format {{.Name}}@{{.Node}}", "web.2@w1"],
  ["service ps web --filter name=web.1 --format {{.Name}}", "web.1"],
  ["service ps web --filter id=TASK --no-trunc --format {{.ID}}", "TASK"],
  ["service ps web --filter desired-state=running --format {{.DesiredState}}", "Running", "Running"],
  ["service ps web --filter desired-state=shutdown -q"],
  ["service ps web every --format {{.Name}}@{{.Node}} --filter node=m1", "every.MANAGER@m1", "web.1@m1"],
  ["node ls --filter name=w --format {{.Hostname}}:{{.Status}}:{{.Availability}}", "w1:Ready:Active"],
  ["node ls --filter role=manager --format {{.Hostname}}:{{.ManagerStatus}}:{{.Self}}", "m1:Leader:true"],
  ["node ls --filter role=worker --format {{.Hostname}}", "w1"],
  ["node ls --filter membership=accepted --format {{.Hostname}}", "m1", "w1"],
  ["node ls --filter node.label=zone=a --format {{.Hostname}}", "w1"],
  ["node ls --filter label=disk=fast --format {{.Hostname}}", "m1", "w1"],
  ["node ls --filter id=MANAGER --format {{.Hostname}}", "m1"],
  ["node ps m1 --filter name=web --format {{.Name}}", "web.1"],
  ["node ps w1 --filter desired-state=running --filter label=x -q"],
  ["secret ls --filter name=to --format {{.Name}}", "token"],
  ["secret ls --filter label=tier=web --format {{.Name}}:{{.Labels}}", "token:tier=web"],
  ["secret ls --filter label=none -q"],
  ["config ls --filter name=set --format {{.Name}}", "settings"],
  ["config ls --filter label=tier --format {{.Name}}:{{.Labels}}", "settings:tier=web"],
  ["stack ls --format {{.Name}}:{{.Services}}", "all:2"],
  ["stack services all --format {{.Name}}:{{.Mode}}", "all_back:replicated", "all_front:replicated"],
  ["stack services all --filter name=all_f --format {{.Name}}", "all_front"],
  ["stack services all --filter label=tier=front --format {{.Name}}", "all_front"],
  ["stack ps all --filter name=all_back --format {{.Name}}:{{.DesiredState}}", "all_back.1:Running"],
  [
    "network ls --filter driver=overlay --format {{.Name}}:{{.Scope}}",
    "all_default:swarm",
    "ingress:swarm",
    "ov:swarm",
  ],
  ["network ls --filter label=tier=web --format {{.Name}}:{{.Driver}}", "ov:overlay"],
  ["network ls --filter scope=swarm --filter name=ov --format {{.Name}}", "ov"],
];

describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, () => {
  let swarm: Swarm;
  let ids: Readonly<Record<string, string>>;
  const docker = (...args: string[]) => swarm.manager.dockerOk(...args);

  beforeAll(async () => {
    swarm = await Swarm.start({ base: 94, workers: 1, flags: ["--runtime", "embedded", "--label", "disk=fast"] });
    await docker("node", "update", "--label-add", "zone=a", "w1");
    await swarm.manager.dockerWith("x", "secret", "create", "--label", "tier=web", "token", "-");
    await swarm.manager.dockerWith("x", "config", "create", "--label", "tier=web", "settings", "-");
    await docker("network", "create", "--driver", "overlay", "--label", "tier=web", "ov");
    const create = ["service", "create", "-d", "-q", "--stop-signal", "KILL"];
    await docker(...create, "--name", "every", "--mode", "global", "shoal/sleep");
    const web = ["--name", "web", "--label", "tier=web", "--publish", "mode=host,published=8093,target=80"];
    await docker(...create, ...web, "--replicas", "2", "shoal/sleep");
    const tasks = await runningTasks(swarm.manager, "web", 2);
    await swarm.manager.dockerWith(stack, "stack", "deploy", "--detach", "-c", "-", "all");
    const inspect = (kind: string, name: string) => docker(kind, "inspect", "-f", "{{.ID}}", name);
    ids = { MANAGER: await inspect("node", "m1"), WEB: await inspect("service", "web"), TASK: tasks[0]?.ID ?? "" };
  });

  afterAll(() => swarm?.dispose());

  const withIds = (text: string): string => text.replace(/[A-Z]{3,}/g, word => ids[word] ?? word);

  it("show what the filters let pass, in the format that is asked for", async () => {
    for (const [command, ...lines] of lists) {
      const shown = await docker(...withIds(command).split(" "));
      expect.soft(shown.split("\n").filter(Boolean).sort(), command).toEqual(lines.map(withIds).sort());
    }
  });

  it("refuse a filter that there is not, with Docker's words", async () => {
    for (const list of ["service ls", "node ls", "secret ls", "config ls"]) {
      const { code, stderr } = await swarm.manager.docker(...list.split(" "), "--filter", "bogus=1");
      expect.soft([code, stderr.toLowerCase()], list).toEqual([1, expect.stringContaining("invalid filter 'bogus'")]);
    }
  });

  it("tell of every change with what was and what is", async () => {
    const since = String(Date.now() / 1000);
    const live = swarm.manager.dockerUntil("events", "--filter", "scope=swarm", "--format", "{{.Type}} {{.Action}}");
    await docker("node", "update", "--availability", "drain", "w1");
    await docker("node", "update", "--availability", "active", "w1");
    const unresolved = ["-d", "-q", "--no-resolve-image"];
    await docker("service", "create", ...unresolved, "--name", "brief", "shoal/sleep:1");
    await docker("service", "scale", "-d", "brief=2");
    await docker("service", "update", ...unresolved, "--image", "shoal/sleep:2", "brief");
    await docker("service", "rm", "brief");
    await swarm.manager.dockerWith("y", "secret", "create", "short", "-");
    await docker("secret", "rm", "short");
    await docker("network", "create", "--driver", "overlay", "gone");
    await docker("network", "rm", "gone");
    await eventually("the last is told", () => (live.said().includes("network remove") ? true : undefined));
    await live.stop();
    const told = async (...filters: string[]): Promise<string[]> => {
      const until = String(Date.now() / 1000 + 1);
      const flags = filters.flatMap(filter => ["--filter", filter]);
      const format = "{{.Type}} {{.Action}} {{json .Actor.Attributes}}";
      const lines = await docker("events", "--since", since, "--until", until, "--format", format, ...flags);
      return lines.split("\n").filter(Boolean);
    };
    expect(await told("type=node")).toEqual([
      'node update {"availability.new":"drain","availability.old":"active","name":"w1"}',
      'node update {"availability.new":"active","availability.old":"drain","name":"w1"}',
    ]);
    const services = await told("service=brief");
    expect(services).toEqual(
      expect.arrayContaining([
        'service create {"name":"brief"}',
        'service update {"name":"brief","replicas.new":"2","replicas.old":"1"}',
        'service update {"image.new":"shoal/sleep:2","image.old":"shoal/sleep:1","name":"brief"}',
        'service update {"name":"brief","updatestate.new":"updating"}',
        'service remove {"name":"brief"}',
      ]),
    );
    expect(await told("type=secret", "event=remove")).toEqual(['secret remove {"name":"short"}']);
    expect(await told("type=secret", "secret=sho")).toEqual([
      'secret create {"name":"short"}',
      'secret remove {"name":"short"}',
    ]);
    expect(await told("network=gone", "event=create", "event=remove")).toEqual([
      'network create {"name":"gone"}',
      'network remove {"name":"gone"}',
    ]);
  });

  it("sum up: services with how many of their tasks run, the node in the swarm, what takes space", async () => {
    const services = (await swarm.manager.apiOk("GET", '/services?status=true&filters={"name":["web"]}')) as {
      ServiceStatus: object;
    }[];
    expect(services[0]?.ServiceStatus).toMatchObject({ RunningTasks: 2, DesiredTasks: 2 });
    const bare = (await swarm.manager.apiOk("GET", '/services?filters={"name":["web"]}')) as object[];
    expect(bare[0]).not.toHaveProperty("ServiceStatus");
    const info = "{{.Swarm.Nodes}} {{.Swarm.Managers}} {{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}";
    expect(await docker("info", "--format", info)).toBe("2 1 active true");
    const space = await docker("system", "df", "--format", "{{.Type}} {{.Active}}");
    expect(space.split("\n")[1]).toMatch(/^Containers \d+$/);
  });
});
