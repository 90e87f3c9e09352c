import { request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { newNodeKey, newRequest } from "../pki/node-key.ts";
import { RootCa } from "../pki/root-ca.ts";
import { TestApi } from "./api.test-kit.ts";
import { refuseBrowsers } from "./host-check.ts";
import type { TcpSecurity } from "./listener.ts";

async function startTcp(security: TcpSecurity): Promise<{ api: TestApi; port: number } & AsyncDisposable> {
  const api = await TestApi.start([{ kind: "tcp", host: "127.0.0.1", port: 0, security }]);
  const port = Number(api.api.addresses[1]?.split(":")[1]);
  return { api, port, [Symbol.asyncDispose]: () => api[Symbol.asyncDispose]() };
}

/** Status, or the error's code. */
function ask(send: typeof plainRequest, options: object): Promise<number | string> {
  return new Promise(resolve => {
    const request = send({ host: "127.0.0.1", path: "/_ping", agent: false, ...options }, response => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    request.end();
  });
}

async function pair(ca: RootCa): Promise<{ cert: string; key: string }> {
  const key = newNodeKey();
  const caller = { nodeId: "client", role: "worker", clusterId: "api" } as const;
  return { cert: await ca.sign(await newRequest(key), caller, Date.now()), key };
}

it("is not served on a socket whose path the system would cut short", async () => {
  const path = `/tmp/${"long".repeat(30)}.sock`;
  await expect(TestApi.start([{ kind: "unix", path }])).rejects.toThrow("107 bytes at most");
});

describe("over plain TCP", () => {
  it("answers clients, and no browsers", async () => {
    await using server = await startTcp({ kind: "insecure" });
    const { port } = server;
    expect(await ask(plainRequest, { port })).toBe(200);
    expect(await ask(plainRequest, { port, headers: { Host: "evil.example:2375" } })).toBe(403);
    expect(await ask(plainRequest, { port, headers: { Origin: "http://evil.example" } })).toBe(403);
    expect(await ask(plainRequest, { port, headers: { Host: "localhost" } })).toBe(200);
  });

  it("refuses browsers' upgrades too", async () => {
    await using server = await startTcp({ kind: "insecure" });
    const heard = await new Promise<string>((resolve, reject) => {
      const head = "POST /exec/1/start HTTP/1.1\r\nHost: evil.example\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
      const socket = connect(server.port, "127.0.0.1", () => socket.write(head));
      socket.once("data", chunk => resolve(String(chunk))).once("error", reject);
    });
    expect(heard).toMatch(/^HTTP\/1\.1 403 /);
    expect(server.api.engine.handedThrough).toEqual([]);
  });
});

describe("over TLS", () => {
  it("answers clients with a certificate of its authority, and no others", async () => {
    const ca = await RootCa.create(Date.now());
    const other = await RootCa.create(Date.now());
    const { cert, key } = await pair(ca);
    await using server = await startTcp({ kind: "mutual-tls", ca: ca.certificatePem, certificate: cert, key });
    const options = { port: server.port, ca: ca.certificatePem, checkServerIdentity: () => undefined };
    const secure = (more: object) => ask(tlsRequest, { ...options, ...more });
    expect(await secure(await pair(ca))).toBe(200);
    expect(await secure({})).toMatch(/CERTIFICATE_REQUIRED|ECONNRESET/);
    expect(await secure(await pair(other))).toMatch(/UNKNOWN_CA|ECONNRESET|CERT|DECRYPT/);
    expect(await secure({ ...(await pair(ca)), maxVersion: "TLSv1.1", minVersion: "TLSv1" })).toMatch(
      /EPROTO|VERSION|NO_PROTOCOLS/,
    );
    expect(await ask(plainRequest, { port: server.port })).toMatch(/ECONNRESET|HPE_|socket hang up/);
  });
});

describe("refuseBrowsers", () => {
  const check = (headers: object) => refuseBrowsers({ headers } as Parameters<typeof refuseBrowsers>[0], ["shoal1"]);

  it.each([
    "127.0.0.1:2375",
    "10.0.0.1",
    "[::1]:2375",
    "[::1]",
    "localhost:80",
    "api.localhost",
    "shoal1:2375",
    "SHOAL1",
    "",
  ])("takes %s for ours", host => {
    expect(() => check({ host })).not.toThrow();
  });

  it.each(["evil.example", "shoal1.evil.example", "127.0.0.1.evil.example:80", "localhost.evil.example"])(
    "refuses %s",
    host => {
      expect(() => check({ host })).toThrow("is not a name of this listener");
    },
  );
});
