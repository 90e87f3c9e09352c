import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, request, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CommandOptions, command, eventually, tryCommand } from "../../../test/lab/command.ts";
import { type Dockerd, startDockerd } from "../../../test/lab/dockerd.ts";
import { dockerCliUnavailableReason } from "../../../test/lab/requirements.ts";
import { systemClock } from "../clock.ts";
import { DockerEngine } from "./engine.ts";

const reason = dockerCliUnavailableReason();
const dir = join(tmpdir(), `shoal-eng-${randomUUID().slice(0, 8)}`);
const socket = join(dir, "front.sock");

/** Hands everything through, and claims to speak a newer API than the engine behind it. */
function front(engine: DockerEngine): Server {
  const server = createServer((incoming, response) => {
    if (incoming.url !== "/_ping") return engine.handThrough(incoming, response);
    response.writeHead(200, { "Api-Version": "1.50", Ostype: "linux" });
    response.end("OK");
  });
  server.on("upgrade", (incoming, client, head) => engine.handThroughUpgrade(incoming, client, head));
  return server;
}

const argv = (...args: string[]): string[] => ["docker", "-H", `unix://${socket}`, ...args];
const docker = (args: string[], options: CommandOptions = {}): Promise<string> =>
  command(argv(...args), { ...options, env: { DOCKER_BUILDKIT: "0", DOCKER_CONFIG: join(dir, "config") } });

/** A raw request to the front: what no CLI would send. */
function ask(
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: socket, method, path, headers }, response => {
      let text = "";
      response.setEncoding("utf8").on("data", part => {
        text += part;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

/** A CLI command that runs on, and what it has printed so far. */
function follow(args: string[]): { readonly child: ChildProcess; printed(): string; end(): Promise<void> } {
  const [file = "", ...rest] = argv(...args);
  const child = spawn(file, rest, { stdio: ["pipe", "pipe", "pipe"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", part => {
    text += part;
  });
  const exited = new Promise<void>(resolve => child.once("close", () => resolve()));
  const end = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
  };
  return { child, printed: () => text, end };
}

describe.skipIf(reason !== undefined)(
  `the docker CLI through the hand-through${reason ? ` (skipped: ${reason})` : ""}`,
  () => {
    let dockerd: Dockerd;
    let engine: DockerEngine;
    let server: Server;

    beforeAll(async () => {
      dockerd = await startDockerd({ dir: join(dir, "d") });
      engine = new DockerEngine(`unix://${dockerd.socket}`, systemClock);
      server = front(engine);
      await new Promise<void>(resolve => server.listen(socket, resolve));
      await docker(["run", "-d", "--name", "up", "--stop-signal", "KILL", "busybox", "sleep", "1000"]);
    });
    afterAll(async () => {
      engine?.close();
      server?.closeAllConnections();
      server?.close();
      await dockerd?.close();
      await rm(dir, { recursive: true, force: true });
    });

    it("negotiates: the CLI speaks a newer version than the engine", async () => {
      expect((await docker(["version", "--format", "{{.Client.APIVersion}} {{.Server.APIVersion}}"])).trim()).toBe(
        "1.50 1.41",
      );
      expect(await engine.version()).toMatchObject({ present: true, api: "1.41" });
    });

    it("run -i: input, its end, output and exit status", async () => {
      const input = "some words\n".repeat(20_000);
      expect(await docker(["run", "--rm", "-i", "busybox", "cat"], { input })).toBe(input);
      const failed = await tryCommand(argv("run", "--rm", "-i", "busybox", "sh", "-c", "cat >&2; exit 7"), {
        input: "oh",
      });
      expect(failed).toMatchObject({ code: 7, stderr: "oh", stdout: "" });
    });

    it("gives all output of a container that ends while its input still comes", async () => {
      const input = "first\n".repeat(500_000);
      for (let round = 0; round < 5; round += 1) {
        const printed = await docker(["exec", "-i", "up", "sh", "-c", "head -n 1; seq 20000"], { input });
        expect(printed.length).toBe("first\n".length + 108_894);
      }
    });

    it("exec, with and without a terminal", async () => {
      expect(await docker(["exec", "-i", "up", "tr", "a-z", "A-Z"], { input: "quiet" })).toBe("QUIET");
      // `script` gives the CLI the terminal that -t asks for.
      const line = argv("exec", "-t", "up", "tty").join(" ");
      expect(await command(["script", "-qec", line, "/dev/null"])).toContain("/dev/pts/");
      const missing = await tryCommand(argv("exec", "nobody", "true"));
      expect(missing.stderr).toContain("No such container: nobody");
    });

    it("attach to nothing is refused in the engine's words, and the connection is not used again", async () => {
      const headers = { Connection: "Upgrade", Upgrade: "tcp" };
      const answer = await ask("POST", "/v1.50/containers/nobody/attach?stream=1&stdout=1", headers);
      expect(answer).toMatchObject({ status: 404, text: expect.stringContaining("No such container: nobody") });
    });

    it("logs -f and events, as they come", async () => {
      // Since before: the container may be made before the engine has begun to tell.
      const since = String(Math.floor(Date.now() / 1000) - 1);
      const events = follow(["events", "--since", since, "--filter", "container=talker", "--format", "{{.Action}}"]);
      await docker(["run", "-d", "--name", "talker", "busybox", "sh", "-c", "while :; do echo again; sleep 0.1; done"]);
      const logs = follow(["logs", "-f", "talker"]);
      await eventually("log lines", () => (logs.printed().split("\n").length > 3 ? true : undefined));
      await docker(["rm", "-f", "talker"]);
      await eventually("the events", () => (/create.*start.*destroy/s.test(events.printed()) ? true : undefined));
      await logs.end();
      await events.end();
    });

    it("cp, both ways", async () => {
      const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
      await writeFile(join(dir, "out"), bytes);
      await docker(["cp", join(dir, "out"), "up:/tmp/file"]);
      await docker(["cp", "up:/tmp/file", join(dir, "back")]);
      expect((await readFile(join(dir, "back"))).equals(bytes)).toBe(true);
    });

    it("save and load, import", async () => {
      const file = join(dir, "image.tar");
      await docker(["save", "-o", file, "busybox"]);
      expect(await docker(["load", "-i", file])).toContain("Loaded image: busybox:latest");
      await docker(["export", "-o", file, "up"]);
      expect(await docker(["import", file, "copy:1"])).toMatch(/^sha256:/);
      expect(await docker(["images", "-q", "copy:1"])).not.toBe("");
      expect((await tryCommand(argv("load"), { input: "no archive ".repeat(100_000) })).code).not.toBe(0);
    });

    it("stats and top", async () => {
      expect(await docker(["stats", "--no-stream", "--format", "{{.Name}}", "up"])).toBe("up\n");
      expect(await docker(["top", "up"])).toContain("sleep 1000");
    });

    it("build", async () => {
      await mkdir(join(dir, "context"));
      await writeFile(
        join(dir, "context", "Dockerfile"),
        "FROM busybox\nCOPY Dockerfile /made-of\nRUN echo built > /proof\n",
      );
      const built = await tryCommand(argv("build", "-t", "built", join(dir, "context")), {
        env: { DOCKER_BUILDKIT: "0" },
      });
      expect(built).toMatchObject({ code: 0 });
      expect(await docker(["run", "--rm", "built", "cat", "/proof", "/made-of"])).toContain("built\nFROM busybox");
    });

    it("gives JSON and events to the daemon itself", async () => {
      expect(await engine.getJson("/containers/up/json")).toMatchObject({ Name: "/up" });
      await expect(engine.getJson("/containers/nobody/json")).rejects.toMatchObject({ code: "not_found" });
      const abort = new AbortController();
      const query = new URLSearchParams({ filters: JSON.stringify({ container: ["up"] }), since: "1" });
      const actions: unknown[] = [];
      for await (const event of engine.events(query, abort.signal)) {
        actions.push(event.Action);
        if (event.Action === "start") abort.abort();
      }
      expect(actions).toEqual(["create", "start"]);
    });

    it("says that the engine is gone, also in the middle of a stream, and works again once it is back", async () => {
      const logs = follow(["logs", "-f", "up"]);
      const waiting = follow(["wait", "up"]);
      await eventually("the CLIs to start", () => (waiting.child.pid ? true : undefined));
      await dockerd.end("SIGKILL");
      await eventually("the stream to end", () => (logs.child.exitCode !== null ? true : undefined));
      await waiting.end();
      const answer = await ask("GET", "/v1.50/containers/json");
      expect(answer.status).toBe(503);
      expect(JSON.parse(answer.text)).toEqual({
        message: expect.stringContaining("Cannot reach this node's Docker Engine at unix://"),
      });
      const upgrade = await ask("POST", "/v1.50/containers/up/attach", { Connection: "Upgrade", Upgrade: "tcp" });
      expect(upgrade.status).toBe(503);
      await expect(engine.getJson("/info")).rejects.toMatchObject({ code: "unavailable" });
      await dockerd.start();
      expect((await docker(["ps", "-a", "--filter", "name=^up$", "--format", "{{.Names}}"])).trim()).toBe("up");
    });
  },
);
