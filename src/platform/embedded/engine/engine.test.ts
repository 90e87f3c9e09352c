import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Task } from "../../../model/task.ts";
import { silentLogger } from "../../../ports/log.ts";
import { contractTask } from "../../../ports/runtime.contract.test-kit.ts";
import { systemClock } from "../../clock.ts";
import { systemRandom } from "../../random.ts";
import { type EmbeddedRuntime, embeddedRuntime } from "../runtime.ts";
import { EmbeddedEngine } from "./engine.ts";

const machine = {
  version: "1.2.3",
  runtimeKind: "embedded",
  dataRoot: "/data",
  hostname: "here",
  architecture: "amd64",
  kernelVersion: "6.1",
  operatingSystem: "Linux",
  cpus: 2,
  memoryBytes: 1 << 30,
} as const;

let directory: string;
let runtime: EmbeddedRuntime;
let engine: EmbeddedEngine;
let server: Server;
let running: Task;
let ended: Task;
const nothing = { secret: () => undefined, config: () => undefined };
const nodeId = "enginenode000000000000001";

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "shoal-engine-"));
  runtime = await embeddedRuntime({
    directory,
    nodeId,
    hostname: "here",
    version: "1.2.3",
    advertiseAddress: () => "127.0.0.79",
    clock: systemClock,
    random: systemRandom,
    log: silentLogger,
    labels: {},
    genericResources: [],
  });
  engine = new EmbeddedEngine({ machine, clock: systemClock, runtime: () => runtime });
  server = createServer((request, response) => engine.handThrough(request, response));
  server.on("upgrade", (request, socket) => engine.handThroughUpgrade(request, socket));
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  running = contractTask(nodeId, { image: "shoal/sleep:1", labels: { tier: "back" } });
  ended = contractTask(nodeId, { image: "shoal/job", args: ["sh", "-c", "echo out; echo oops >&2; exit 3"] });
  for (const task of [running, ended]) {
    await runtime.prepare(task, nothing, () => {});
    await runtime.start(task);
  }
  const seen = await runtime.start(ended);
  if (seen.state !== "exited") await runtime.changed(ended.id, seen, new AbortController().signal);
});

afterAll(async () => {
  for (const { taskId } of await runtime.list()) await runtime.remove(taskId);
  await runtime.close();
  server.close();
  await rm(directory, { recursive: true, force: true });
});

async function call(method: string, path: string): Promise<{ status: number; headers: Headers; text: string }> {
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const names = async (query: string): Promise<string[]> =>
  JSON.parse((await call("GET", `/v1.41/containers/json${query}`)).text).map(
    (each: { Names: string[] }) => each.Names[0],
  );
const nameOf = (task: Task): string => `/${task.serviceAnnotations.name}.1.${task.id}`;
const filter = (filters: object): string => `?all=1&filters=${encodeURIComponent(JSON.stringify(filters))}`;

describe("the engine's API without an engine", () => {
  it("says that no engine is there", async () => {
    expect(await engine.version()).toEqual({ present: false, api: "1.50", engine: "1.2.3" });
    expect(await engine.getJson("/info")).toMatchObject({ Containers: 2, ContainersRunning: 1, Driver: "embedded" });
    expect(await engine.getJson("/networks")).toEqual([]);
    await expect(engine.getJson("/volumes/x")).rejects.toMatchObject({ code: "not_found" });
  });

  it("lists tasks as containers", async () => {
    expect(await names("")).toEqual([nameOf(running)]);
    expect((await names("?all=1")).sort()).toEqual([nameOf(running), nameOf(ended)].sort());
    expect(await names(filter({ label: { "tier=back": true } }))).toEqual([nameOf(running)]);
    expect(await names(filter({ label: [`com.docker.swarm.task.id=${ended.id}`] }))).toEqual([nameOf(ended)]);
    expect(await names(filter({ name: [running.serviceAnnotations.name] }))).toEqual([nameOf(running)]);
    expect(await names(filter({ status: ["exited"] }))).toEqual([nameOf(ended)]);
    expect((await call("GET", `/containers/json${filter({ bogus: ["x"] })}`)).text).toContain("Invalid filter 'bogus'");
  });

  it("shows one by id, beginning of it, or name", async () => {
    const id = (await runtime.inspect(ended.id))?.containerId ?? "";
    for (const reference of [id, id.slice(0, 12), nameOf(ended).slice(1)]) {
      const { status, text } = await call("GET", `/v1.50/containers/${reference}/json`);
      expect(status).toBe(200);
      expect(JSON.parse(text)).toMatchObject({ Id: id, Path: "sh", State: { Status: "exited", ExitCode: 3 } });
    }
  });

  it.each([
    ["GET", "/containers/nope/json", 404, "No such container: nope"],
    ["GET", "/images/nope/json", 404, "no such image: nope: No such image: nope:latest"],
    ["GET", "/networks/nope", 404, "network nope not found"],
    ["GET", "/volumes/nope", 404, "get nope: no such volume"],
    [
      "POST",
      "/v1.41/build?t=x",
      503,
      "This node runs the embedded runtime, which has no Docker Engine: it cannot answer POST /build",
    ],
  ])("%s %s is %i", async (method, path, status, message) => {
    const answer = await call(method, path);
    expect({ status: answer.status, ...JSON.parse(answer.text) }).toEqual({ status, message });
    expect(answer.headers.get("api-version")).toBe("1.50");
  });

  it("has the built-in images", async () => {
    const images = JSON.parse((await call("GET", "/images/json")).text) as { RepoTags: string[] }[];
    expect(images.flatMap(image => image.RepoTags)).toEqual([
      "shoal/whoami:latest",
      "shoal/sleep:latest",
      "shoal/job:latest",
    ]);
    expect((await call("GET", "/images/shoal/sleep/json")).status).toBe(200);
    expect((await call("GET", "/distribution/shoal/sleep:9/json")).status).toBe(200);
    expect((await call("GET", "/distribution/nginx/json")).status).toBe(503);
  });

  it("gives logs in frames", async () => {
    const { text } = await call("GET", `/containers${nameOf(ended)}/logs?stdout=1&stderr=1`);
    const frames = [...text.matchAll(/(.)(.{6})(.)(\w+)\n/gs)].map(([, stream, , , line]) => [stream, line]);
    expect(frames.sort()).toEqual([
      ["\x01", "out"],
      ["\x02", "oops"],
    ]);
  });

  it.each([
    ["//", 503],
    ["///?a=%", 503],
    ["http://[/containers", 503],
    ["/networks/%zz", 400],
    ["/v1.43/networks/%C3x", 400],
  ])("answers %s, which is no address, with %d", async (path, status) => {
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, "127.0.0.1");
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    let said = "";
    for await (const chunk of socket) said += chunk;
    expect(said).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  it("refuses upgraded connections", async () => {
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, "127.0.0.1");
    socket.write("POST /exec/1/start HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
    let answer = "";
    for await (const chunk of socket) answer += chunk;
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(answer).toContain("it cannot answer POST /exec/1/start");
  });

  it("ends tasks", async () => {
    const task = contractTask(nodeId, { image: "shoal/sleep" });
    await runtime.prepare(task, nothing, () => {});
    const { containerId } = await runtime.start(task);
    expect((await call("DELETE", `/containers/${containerId}`)).status).toBe(409);
    expect((await call("POST", `/containers/${containerId}/kill`)).status).toBe(204);
    await expect.poll(async () => (await runtime.inspect(task.id))?.exitCode).toBe(137);
    expect((await call("POST", `/containers/${containerId}/kill`)).status).toBe(409);
    expect((await call("DELETE", `/containers/${containerId}`)).status).toBe(204);
    expect(await runtime.inspect(task.id)).toBeUndefined();
  });
});
