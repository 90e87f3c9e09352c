import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Fault } from "../../lib/fault.ts";
import { TestApi } from "../api.test-kit.ts";
import { inactive, managing, working } from "../fakes.test-kit.ts";

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(() => {
  api.backend.current = managing;
  api.backend.failure = undefined;
  api.backend.asked.length = 0;
});

const passphrase = { "x-shoal-passphrase": Buffer.from("größer als acht").toString("base64") };

describe("POST /shoal/backup", () => {
  it("gives the file, sealed under the passphrase of the header", async () => {
    const answer = await api.call("POST", "/shoal/backup", undefined, passphrase);
    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toBe("application/octet-stream");
    expect(answer.text).toBe("sealed under größer als acht");
  });

  it("works with a version in the path as well", async () => {
    expect((await api.call("POST", "/v1.41/shoal/backup", undefined, passphrase)).status).toBe(200);
  });

  it.each([
    ["a worker", working],
    ["a node in no swarm", inactive],
  ])("is refused on %s", async (_, status) => {
    api.backend.current = status;
    const answer = await api.call("POST", "/shoal/backup", undefined, passphrase);
    expect(answer.status).toBe(503);
    expect(answer.json).toMatchObject({ message: expect.stringContaining("This node is not a swarm manager.") });
  });

  it("wants a passphrase", async () => {
    expect((await api.call("POST", "/shoal/backup")).status).toBe(400);
    expect(api.backend.asked).toEqual([]);
  });
});

describe("POST /shoal/restore", () => {
  it("hands the file on, with the addresses to use", async () => {
    api.backend.current = inactive;
    const path = "/shoal/restore?listenAddr=0.0.0.0:2377&advertiseAddr=192.0.2.1";
    const answer = await api.call("POST", path, "a sealed file", passphrase);
    expect(answer).toMatchObject({ status: 200, json: { NodeID: managing.nodeId } });
    expect(api.backend.asked).toEqual([
      {
        what: "restore",
        with: {
          file: Buffer.from("a sealed file"),
          passphrase: "größer als acht",
          listenAddress: "0.0.0.0:2377",
          advertiseAddress: "192.0.2.1",
        },
      },
    ]);
  });

  it("shows why a file is refused", async () => {
    api.backend.failure = new Fault("invalid_argument", "Cannot use the backup: it was altered after it was made");
    const answer = await api.call("POST", "/shoal/restore", "bytes", passphrase);
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({ message: "Cannot use the backup: it was altered after it was made" });
  });

  it("wants a passphrase", async () => {
    expect((await api.call("POST", "/shoal/restore", "bytes")).status).toBe(400);
    expect(api.backend.asked).toEqual([]);
  });
});

describe("what else begins with /shoal", () => {
  it("is not there, and never the engine's", async () => {
    expect((await api.call("GET", "/shoal/backup")).status).toBe(404);
    expect((await api.call("POST", "/shoal/sell")).status).toBe(404);
  });
});
