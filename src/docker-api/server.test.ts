import { spawnSync } from "node:child_process";
import { readFile, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../platform/clock.ts";
import type { Clock } from "../ports/clock.ts";
import { silentLogger } from "../ports/log.ts";
import { SimClock } from "../sim/clock.ts";
import { TestApi, testMachine } from "./api.test-kit.ts";
import { FakeBackend, FakeEngine, fakeControl, inactive, managing } from "./fakes.test-kit.ts";
import { maxJsonDepth } from "./json-text.ts";
import { maxBodyBytes } from "./request.ts";
import { startDockerApi } from "./server.ts";

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(() => {
  api.backend.current = managing;
  api.backend.client = fakeControl({
    listNodes: async () => ({ $typeName: "docker.swarmkit.v1.ListNodesResponse", nodes: [] }),
  });
  api.engine.handedThrough.length = 0;
});

/** Bytes as they are, on a connection of their own; everything that comes back. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(api.socketPath, () => socket.write(bytes));
    let text = "";
    socket.on("data", chunk => {
      text += chunk;
    });
    socket.on("end", () => resolve(text));
    socket.on("error", reject);
  });
}

describe("every answer", () => {
  it("carries Docker's headers", async () => {
    const { headers } = await api.call("GET", "/nodes");
    expect(headers).toMatchObject({
      "api-version": "1.50",
      "docker-experimental": "false",
      ostype: "linux",
      server: "Docker/20.10.24+dfsg1 (linux)",
      "content-type": "application/json",
    });
  });

  it("is compact JSON with a newline", async () => {
    expect((await api.call("GET", "/nodes")).text).toBe("[]\n");
  });
});

describe("/_ping", () => {
  it("answers GET and HEAD, with and without version", async () => {
    for (const path of ["/_ping", "/v1.24/_ping", "/v1.50/_ping"]) {
      const get = await api.call("GET", path);
      expect([get.status, get.text]).toEqual([200, "OK"]);
      const head = await api.call("HEAD", path);
      expect([head.status, head.text, head.headers["content-length"]]).toEqual([200, "", "0"]);
      for (const { headers } of [get, head]) {
        expect(headers).toMatchObject({
          "api-version": "1.50",
          "cache-control": "no-cache, no-store, must-revalidate",
          pragma: "no-cache",
          swarm: "active/manager",
          "content-type": "text/plain; charset=utf-8",
        });
      }
    }
  });

  it("tells the part in the swarm", async () => {
    const header = async (status: typeof inactive) => {
      api.backend.current = status;
      return (await api.call("HEAD", "/_ping")).headers.swarm;
    };
    expect(await header(inactive)).toBe("inactive");
    expect(await header({ ...managing, controlAvailable: false })).toBe("active/worker");
    expect(await header({ ...inactive, state: "locked" })).toBe("locked");
  });
});

describe("versions", () => {
  const tooOld =
    "client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version";

  it.each([
    ["/v1.24/nodes", 200, "[]\n"],
    ["/v1.50/nodes", 200, "[]\n"],
    ["/nodes", 200, "[]\n"],
    ["/v1.51/nodes", 400, '{"message":"client version 1.51 is too new. Maximum supported API version is 1.50"}\n'],
    ["/v9.9/nodes", 400, '{"message":"client version 9.9 is too new. Maximum supported API version is 1.50"}\n'],
    ["/v1.23/nodes", 400, `${tooOld}\n`],
    [
      "/v9.9/containers/json",
      400,
      '{"message":"client version 9.9 is too new. Maximum supported API version is 1.50"}\n',
    ],
  ])("%s is answered %d", async (path, status, text) => {
    const answer = await api.call("GET", path);
    expect([answer.status, answer.text]).toEqual([status, text]);
  });

  it("speaks plain text to clients from before 1.24", async () => {
    const { headers } = await api.call("GET", "/v1.23/nodes");
    expect(headers["content-type"]).toBe("text/plain; charset=utf-8");
  });
});

describe("paths", () => {
  it.each([
    ["PUT", "/v1.41/nodes"],
    ["HEAD", "/nodes"],
    ["PATCH", "/services/x"],
    ["GET", "/services/x/bogus"],
    ["GET", "/swarm/bogus"],
    ["POST", "/secrets"],
    ["GET", "/nodes/%zz"],
  ])("%s %s is nobody's", async (method, path) => {
    const answer = await api.call(method, path);
    expect(answer.status).toBe(404);
    if (method !== "HEAD") expect(answer.text).toBe('{"message":"page not found"}\n');
    expect(api.engine.handedThrough).toEqual([]);
  });

  it.each([
    ["GET", "/v1.41/containers/json?all=1", undefined],
    ["POST", "/v1.50/build?t=x", "context"],
    ["GET", "/bogus", undefined],
    ["OPTIONS", "/images/json", undefined],
    ["GET", "/system/df", undefined],
  ])("%s %s is handed through as it came", async (method, path, body) => {
    const answer = await api.call(method, path, body);
    expect([answer.status, answer.text]).toEqual([299, "from the engine"]);
    expect(api.engine.handedThrough).toEqual([{ method, url: path, body: body ?? "" }]);
  });

  it("hands upgraded connections through, and refuses them for what is the swarm's", async () => {
    const upgrade = (path: string) => `POST ${path} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`;
    const socket = connect(api.socketPath, () => socket.write(upgrade("/v1.41/exec/1/start")));
    const heard = await new Promise<string>(resolve => {
      let text = "";
      socket.on("data", chunk => {
        text += chunk;
        if (text.endsWith("\r\n\r\n")) socket.write("echo");
        if (text.endsWith("echo")) resolve(text);
      });
    });
    socket.destroy();
    expect(heard).toContain("101 UPGRADED");
    expect(await raw(upgrade("/v1.41/services/create"))).toContain("HTTP/1.1 400");
    expect(await raw(upgrade("/v9.9/exec/1/start"))).toContain("too new");
  });
});

describe("broken requests", () => {
  const update = "/swarm/update?version=1";

  it.each([
    ["nothing", "", 400, "got EOF while reading request body"],
    ["cut JSON", "{", 400, "unexpected EOF"],
    ["no JSON", "notjson", 400, "invalid character 'o' in literal null (expecting 'u')"],
    ["two values", "{}{}", 400, "invalid character '{' after top-level value"],
    ["another type", "[]", 400, "json: cannot unmarshal array into Go struct field body of type struct"],
    [
      "a wrong member",
      '{"Raft":{"ElectionTick":"ten"}}',
      400,
      "json: cannot unmarshal string into Go struct field Raft.ElectionTick of type uint32",
    ],
    ["nesting", "[".repeat(100_000), 400, `exceeded max depth of ${maxJsonDepth} in JSON`],
    ["10 MB", `{"Name":"${"a".repeat(10_000_000)}"}`, 413, `the request body is larger than ${maxBodyBytes} bytes`],
  ])("%s is refused", async (_what, body, status, message) => {
    const answer = await api.call("POST", update, body);
    expect([answer.status, answer.json]).toEqual([status, { message }]);
  });

  it("wants JSON to be called so", async () => {
    const answer = await api.call("POST", update, "{}", { "Content-Type": "text/plain" });
    expect([answer.status, answer.json]).toEqual([
      400,
      { message: "Content-Type specified (text/plain) must be 'application/json'" },
    ]);
  });

  it("a client that goes away in the middle harms nobody", async () => {
    const socket = connect(api.socketPath, () => {
      socket.write(
        `POST ${update} HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{`,
      );
      setTimeout(() => socket.destroy(), 20);
    });
    await new Promise(resolve => socket.on("close", resolve));
    expect((await api.call("GET", "/nodes")).status).toBe(200);
  });

  it.each([
    ["no HTTP at all", "hello\r\n\r\n"],
    ["a length that is none", "POST /swarm/init HTTP/1.1\r\nHost: d\r\nContent-Length: x\r\n\r\n"],
  ])("%s is a 4xx", async (_what, bytes) => {
    expect(await raw(bytes)).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect((await api.call("GET", "/nodes")).status).toBe(200);
  });

  it("a huge header is a 4xx, or cut off before it was all sent", async () => {
    const answer = raw(`GET / HTTP/1.1\r\nX: ${"x".repeat(400_000)}\r\n\r\n`);
    const cutOff = (error: NodeJS.ErrnoException) => `${error.code}`;
    expect(await answer.catch(cutOff)).toMatch(/^(HTTP\/1\.1 431 |ECONNRESET|EPIPE)/);
    expect((await api.call("GET", "/nodes")).status).toBe(200);
  });

  it("an error of the program is a 500, and the server goes on", async () => {
    api.backend.client = fakeControl({
      listNodes: () => {
        throw new TypeError("x is undefined");
      },
    });
    const answer = await api.call("GET", "/nodes");
    expect([answer.status, answer.json]).toEqual([500, { message: "x is undefined" }]);
  });
});

describe("the socket", () => {
  it("belongs to the daemon's user and group", async () => {
    expect((await stat(api.socketPath)).mode & 0o777).toBe(0o660);
  });

  const start = (path: string, doors: { engine?: FakeEngine; clock?: Clock } = {}) =>
    startDockerApi({
      backend: new FakeBackend(),
      engine: new FakeEngine(),
      clock: systemClock,
      ...doors,
      log: silentLogger,
      machine: testMachine,
      hosts: [{ kind: "unix", path }],
    });

  it("is left alone when somebody answers on it, or it is no socket", async () => {
    await expect(start(api.socketPath)).rejects.toThrow(`Cannot listen on "${api.socketPath}"`);
    expect((await api.call("GET", "/nodes")).status).toBe(200);
    const file = `${api.socketPath}.file`;
    await writeFile(file, "no socket");
    await expect(start(file)).rejects.toThrow("Cannot listen on");
    expect(await readFile(file, "utf8")).toBe("no socket");
  });

  it("is served although the engine hangs", async () => {
    const engine = new FakeEngine();
    engine.version = () => new Promise(() => {});
    const clock = new SimClock();
    const starting = start(`${api.socketPath}.hung`, { engine, clock });
    await clock.advance(2_000);
    const served = await starting;
    await served.close();
  });

  it("is taken over when a killed daemon left it", async () => {
    const path = `${api.socketPath}.stale`;
    const listening = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 9))`;
    spawnSync(process.execPath, ["-e", listening]);
    expect((await stat(path)).isSocket()).toBe(true);
    const taken = await start(path);
    expect(taken.addresses).toEqual([path]);
    await taken.close();
    await expect(stat(path)).rejects.toThrow("ENOENT");
  });
});

describe("closing", () => {
  it("ends streams, upgraded connections and idle ones", async () => {
    const closing = await TestApi.start();
    const events = await closing.open("GET", "/events");
    const upgraded = connect(closing.socketPath, () =>
      upgraded.write("POST /exec/1/start HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"),
    );
    await new Promise(resolve => upgraded.once("data", resolve));
    const ended = [events, upgraded].map(stream => new Promise(resolve => stream.once("close", resolve).resume()));
    events.on("error", () => {});
    await closing[Symbol.asyncDispose]();
    await Promise.all(ended);
  });
});
