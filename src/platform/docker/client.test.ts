import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "../../../test/lab/command.ts";
import type { Fault } from "../../lib/fault.ts";
import { systemClock } from "../clock.ts";
import { EngineClient } from "./client.ts";
import { parseEndpoint } from "./endpoint.ts";
import { ImagePuller, type PullWaiter, withTag } from "./images.ts";

/** Stands in for an engine where a real one cannot be made to answer so. */
describe("the engine's client", () => {
  let dir: string;
  let server: Server;
  let client: EngineClient;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let version = { Version: "27.0", ApiVersion: "1.46", MinAPIVersion: "1.24" };
  let asked: string[];

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "shoal-client-"));
    asked = [];
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      if (request.url === "/version") response.end(JSON.stringify(version));
      else answer(request, response);
    });
    await new Promise<void>(resolve => server.listen(join(dir, "sock"), resolve));
    client = new EngineClient(parseEndpoint(join(dir, "sock")), systemClock);
  });
  afterEach(async () => {
    client.close();
    server.closeAllConnections();
    server.close();
    await rm(dir, { recursive: true });
  });

  const failure = (work: Promise<unknown>): Promise<Fault> =>
    work.then(
      () => expect.fail("no Fault"),
      error => error,
    );

  it("agrees on a version once, and puts it before every path", async () => {
    answer = (_, response) => response.end("{}");
    await client.json("GET", "/info");
    await client.json("GET", "/containers/json", { query: { all: "true" } });
    expect(asked).toEqual(["GET /version", "GET /v1.46/info", "GET /v1.46/containers/json?all=true"]);
  });

  it("refuses an engine that is too old", async () => {
    version = { ...version, ApiVersion: "1.30" };
    expect(await failure(client.json("GET", "/info"))).toMatchObject({ code: "failed_precondition" });
    version = { ...version, ApiVersion: "1.46" };
  });

  it("sends and receives JSON", async () => {
    answer = (request, response) => void request.pipe(response);
    expect(await client.json("POST", "/x", { body: { a: ["ü"] } })).toEqual({ a: ["ü"] });
    answer = (_, response) => void response.writeHead(204).end();
    expect(await client.json("POST", "/x")).toBeUndefined();
    answer = (_, response) => void response.writeHead(304).end();
    expect(await client.json("POST", "/x")).toBeUndefined();
  });

  it.each([
    [400, '{"message":"bad parameter"}', "invalid_argument", "bad parameter"],
    [404, '{"message":"No such container: x"}', "not_found", "No such container: x"],
    [409, '{"message":"Conflict. The container name \\"/x\\" is already in use"}', "already_exists", "already in use"],
    [409, '{"message":"container x is not running"}', "failed_precondition", "container x is not running"],
    [500, '{"message":"driver failed"}', "unknown", "driver failed"],
    [500, "plain text\n", "unknown", "plain text"],
    [503, "", "unavailable", "the Docker Engine answered 503"],
  ])("a status of %i %s", async (status, body, code, text) => {
    answer = (_, response) => void response.writeHead(status).end(body);
    const fault = await failure(client.json("GET", "/x"));
    expect(fault.code).toBe(code);
    expect(fault.message).toContain(text);
  });

  it("says unavailable when nobody listens, when the answer breaks off and when it takes too long", async () => {
    answer = (_, response) => {
      response.writeHead(200, { "Content-Length": "100" });
      response.write("{");
      setTimeout(() => response.destroy(), 20);
    };
    expect(await failure(client.json("GET", "/x"))).toMatchObject({ code: "unavailable" });
    answer = () => {};
    const late = await failure(client.json("GET", "/x", { timeoutMs: 50 }));
    expect(late).toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("did not answer within 0.05 s"),
    });
    const nobody = new EngineClient(parseEndpoint(join(dir, "nobody")), systemClock);
    const fault = await failure(nobody.json("GET", "/x"));
    expect(fault).toMatchObject({ code: "unavailable", message: expect.stringContaining("ENOENT") });
  });

  it("says so when what answers is no engine", async () => {
    answer = (_, response) => response.end("<html>");
    const fault = await failure(client.json("GET", "/x"));
    expect(fault).toMatchObject({ code: "unavailable", message: expect.stringContaining("is no Docker Engine") });
  });

  it("asks for the version again after the engine was away", async () => {
    answer = (_, response) => response.end("{}");
    await client.json("GET", "/x");
    answer = (_, response) => response.destroy();
    await failure(client.json("GET", "/x"));
    answer = (_, response) => response.end("{}");
    version = { ...version, ApiVersion: "1.47" };
    await client.json("GET", "/x");
    expect(asked.at(-1)).toBe("GET /v1.47/x");
    version = { ...version, ApiVersion: "1.46" };
  });

  it("stops when told so", async () => {
    answer = () => {};
    const abort = new AbortController();
    const call = failure(client.json("GET", "/x", { signal: abort.signal }));
    setTimeout(() => abort.abort(), 20);
    expect(await call).toMatchObject({ code: "cancelled" });
  });

  describe("pulling", () => {
    const limits = { silenceMs: 60_000, totalMs: 60_000 };
    const waiter = (texts: string[] = [], signal = new AbortController().signal): PullWaiter => ({
      progress: text => texts.push(text),
      signal,
    });
    const lines = (response: ServerResponse, ...messages: object[]): void => {
      for (const message of messages) response.write(`${JSON.stringify(message)}\r\n`);
    };

    it("one image is pulled once for all who want it, and each hears of its progress", async () => {
      answer = (request, response) => {
        expect(request.headers["x-registry-auth"]).toBe("e30=");
        lines(response, { status: "Pulling from x", id: "latest" }, { status: "Pulling fs layer", id: "a" });
        lines(response, { status: "Already exists", id: "b" }, { status: "Pull complete", id: "a" });
        response.end();
      };
      const puller = new ImagePuller(client, systemClock, limits);
      const told: string[][] = [[], []];
      await Promise.all(told.map(texts => puller.pull("x", "e30=", waiter(texts))));
      expect(told[0]!.slice(-2)).toEqual(["pulling image x: 1 of 2 layers", "pulling image x: 2 of 2 layers"]);
      expect(told[1]).toEqual(told[0]!.slice(-told[1]!.length));
      expect(asked.filter(line => line.includes("/images/create"))).toEqual([
        "POST /v1.46/images/create?fromImage=x%3Alatest",
      ]);
    });

    it("fails with the registry's reason", async () => {
      answer = (_, response) => {
        lines(response, { status: "Pulling from x", id: "latest" }, { error: "toomanyrequests: slow down" });
        response.end();
      };
      const pull = new ImagePuller(client, systemClock, limits).pull("x", "", waiter());
      await expect(pull).rejects.toThrow("toomanyrequests: slow down");
    });

    it("tells how much has come of what is known to come", async () => {
      const part = (id: string, current: number, total: number) => ({
        ...{ status: "Downloading", id },
        progressDetail: { current, total },
      });
      answer = (_, response) => {
        lines(response, part("a", 1e6, 4e6), part("b", 5e5, 1e6), { status: "Download complete", id: "b" });
        lines(response, { status: "Pull complete", id: "b", progressDetail: {} });
        response.end();
      };
      const told: string[] = [];
      await new ImagePuller(client, systemClock, limits).pull("x", "", waiter(told));
      expect(told).toEqual([
        "pulling image x",
        "pulling image x: 0 of 1 layers, 1.0 of 4.0 MB",
        "pulling image x: 0 of 2 layers, 1.5 of 5.0 MB",
        "pulling image x: 0 of 2 layers, 2.0 of 5.0 MB",
        "pulling image x: 1 of 2 layers, 2.0 of 5.0 MB",
      ]);
    });

    it("gives up on silence, and after its time", async () => {
      answer = (_, response) => lines(response, { status: "Waiting", id: "a" });
      const silent = new ImagePuller(client, systemClock, { silenceMs: 100, totalMs: 60_000 });
      await expect(silent.pull("x", "", waiter())).rejects.toThrow("pulling x said nothing for 0.1 s");
      answer = (_, response) => {
        const timer = setInterval(() => lines(response, { status: "Downloading", id: "a" }), 30);
        response.on("close", () => clearInterval(timer));
      };
      const slow = new ImagePuller(client, systemClock, { silenceMs: 60_000, totalMs: 300 });
      await expect(slow.pull("x", "", waiter())).rejects.toThrow("pulling x took longer than 0.3 s");
    });

    it("ends with the last who wants it", async () => {
      let closed = false;
      answer = (_, response) => {
        lines(response, { status: "Waiting", id: "a" });
        response.on("close", () => {
          closed = true;
        });
      };
      const puller = new ImagePuller(client, systemClock, { silenceMs: 5_000, totalMs: 5_000 });
      const leaving = [new AbortController(), new AbortController()];
      const pulls = leaving.map(each => failure(puller.pull("x", "", waiter([], each.signal))));
      await eventually("the pull to begin", () => asked.some(line => line.includes("/images/create")) || undefined);
      leaving[0]!.abort();
      expect(await pulls[0]).toMatchObject({ code: "cancelled" });
      expect(closed).toBe(false);
      leaving[1]!.abort();
      expect(await pulls[1]).toMatchObject({ code: "cancelled" });
      await eventually("the pull to end", () => closed || undefined);
    });

    it.each([
      ["busybox", "busybox:latest"],
      ["busybox:1", "busybox:1"],
      ["registry:5000/busybox", "registry:5000/busybox:latest"],
      ["busybox@sha256:00", "busybox@sha256:00"],
      ["r:1/b:2@sha256:00", "r:1/b:2@sha256:00"],
    ])("%s means %s", (image, full) => {
      expect(withTag(image)).toBe(full);
    });
  });
});
