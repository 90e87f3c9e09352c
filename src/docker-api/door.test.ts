import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ListConfigsResponseSchema } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { ConfigSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { TestApi } from "./api.test-kit.ts";
import type { AuditRecord } from "./audit-record.ts";
import { fakeControl } from "./fakes.test-kit.ts";
import { certificateNames, refuseBrowsers } from "./host-check.ts";
import type { HostListener, TcpSecurity } from "./listener.ts";
import { defaultLimits } from "./listener-limits.ts";
import { type Certified, TestAuthority } from "./tls.test-kit.ts";

const hasDocker = spawnSync("docker", ["--version"]).status === 0;

const tcp = (security: TcpSecurity): HostListener => ({ kind: "tcp", host: "127.0.0.1", port: 0, security });
const portOf = (api: TestApi): number => Number(api.api.addresses[1]?.split(":")[1]);

describe.skipIf(!hasDocker)(`the docker CLI over TLS${hasDocker ? "" : " (skipped: it is not installed)"}`, () => {
  const directory = mkdtempSync(join(tmpdir(), "shoal-tls-"));
  const records: AuditRecord[] = [];
  let api: TestApi;

  beforeAll(async () => {
    const authority = await TestAuthority.create();
    const stranger = await TestAuthority.create();
    const server = await authority.issue("shoal.example", [
      { type: "ip", value: "127.0.0.1" },
      { type: "dns", value: "localhost" },
    ]);
    const files: Record<string, string> = { "ca.pem": authority.pem };
    const keep = (name: string, { cert, key }: Certified): void => {
      files[`${name}.pem`] = cert;
      files[`${name}-key.pem`] = key;
    };
    keep("alice", await authority.issue("alice"));
    keep("mallory", await stranger.issue("alice"));
    for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
    const security = { kind: "mutual-tls", ca: authority.pem, certificate: server.cert, key: server.key } as const;
    api = await TestApi.start([tcp(security)], undefined, { audit: record => records.push(record) });
  });
  afterAll(async () => {
    await api[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
  });

  function docker(
    options: readonly string[],
    ...words: string[]
  ): Promise<{ status: number; out: string; err: string }> {
    const env = { PATH: process.env.PATH ?? "", DOCKER_CONFIG: join(directory, "cli") };
    const host = options.find(option => option.startsWith("tcp:")) ?? `tcp://127.0.0.1:${portOf(api)}`;
    const rest = options.filter(option => option !== host);
    return new Promise(resolve => {
      execFile("docker", ["-H", host, ...rest, ...words], { env, timeout: 20_000 }, (error, out, err) => {
        resolve({ status: error ? Number(error.code) : 0, out, err });
      });
    });
  }
  const file = (name: string): string => join(directory, name);
  const verified = ["--tlsverify", "--tlscacert", file("ca.pem")];
  const as = (name: string): string[] => [
    ...verified,
    "--tlscert",
    file(`${name}.pem`),
    "--tlskey",
    file(`${name}-key.pem`),
  ];
  const ping = ["version", "--format", "{{.Server.APIVersion}}"];

  it("answers those that have a certificate, by address and by name", async () => {
    expect(await docker(as("alice"), ...ping)).toEqual({ status: 0, out: "1.50\n", err: "" });
    const byName = [...as("alice"), `tcp://localhost:${portOf(api)}`];
    expect(await docker(byName, ...ping)).toMatchObject({ status: 0, out: "1.50\n" });
  });

  it("refuses those that have none, or a stranger's, or speak no TLS", async () => {
    const none = await docker(verified, ...ping);
    expect(none.status).toBe(1);
    expect(none.err).toMatch(/certificate required|bad certificate|broken pipe|connection reset|EOF/);
    const strange = await docker(as("mallory"), ...ping);
    expect(strange.status).toBe(1);
    expect(strange.err).toMatch(/unknown certificate authority|bad certificate|broken pipe|connection reset|EOF/);
    expect((await docker([], ...ping)).status).toBe(1);
    expect(api.engine.handedThrough).toEqual([]);
  });

  it("tells the audit who it was", async () => {
    await docker(as("alice"), "service", "rm", "web");
    await expect
      .poll(() => records.at(-1))
      .toMatchObject({
        who: { via: "tls", commonName: "alice", address: "127.0.0.1" },
        ...{ method: "DELETE", route: "/services/:id", object: { kind: "service", name: "web" } },
      });
  });
});

describe("slow clients", () => {
  let api: TestApi;
  let authority: TestAuthority;
  const limits = {
    ...defaultLimits,
    headersMs: 200,
    checkMs: 50,
    handshakeMs: 200,
    stalledMs: 1_000,
    headerBytes: 4096,
  };

  beforeAll(async () => {
    authority = await TestAuthority.create();
    const { cert, key } = await authority.issue("server");
    const tls = tcp({ kind: "mutual-tls", ca: authority.pem, certificate: cert, key });
    api = await TestApi.start([tcp({ kind: "insecure" }), tls], undefined, { limits });
  });
  afterAll(() => api[Symbol.asyncDispose]());

  /** What is heard until the connection is cut. */
  const heardBy = (open: () => Socket, send: string): Promise<string> =>
    new Promise(resolve => {
      let heard = "";
      const socket = open();
      socket.on("connect", () => socket.write(send));
      socket.on("data", chunk => {
        heard += String(chunk);
      });
      socket.on("error", () => {});
      socket.on("close", () => resolve(heard));
    });
  const plain = (): Socket => connect(portOf(api), "127.0.0.1");
  const unix = (): Socket => connect(api.socketPath);
  const tls = (): Socket => connect(Number(api.api.addresses[2]?.split(":")[1]), "127.0.0.1");

  it.each([
    ["says nothing", plain, "", ""],
    ["stops within the headers", plain, "GET /_ping HTTP/1.1\r\nHost: local", "HTTP/1.1 408 "],
    ["stops within the headers, on a unix socket", unix, "GET /_ping HTTP/1.1\r\nHost: local", "HTTP/1.1 408 "],
    ["does not shake hands", tls, "", ""],
    ["has headers without end", plain, `GET /_ping HTTP/1.1\r\nX: ${"x".repeat(5_000)}\r\n\r\n`, "HTTP/1.1 431 "],
  ] as const)("one that %s is cut off", { timeout: 20_000 }, async (_, open, send, answer) => {
    const heard = await heardBy(open, send);
    if (answer === "") expect(heard === "" || heard.startsWith("HTTP/1.1 408 ")).toBe(true);
    else expect(heard).toContain(answer);
  });

  it("one that does not read its answer is cut off, and one that does so late is not", {
    timeout: 30_000,
  }, async () => {
    const label = "x".repeat(4_000_000);
    const config = create(ConfigSchema, { id: "c1", spec: { annotations: { name: "c", labels: { label } } } });
    api.backend.client = fakeControl({
      listConfigs: async () => ({ ...create(ListConfigsResponseSchema), configs: [config] }),
    });
    const bytesTaken = (pauseMs: number): Promise<number> =>
      new Promise(resolve => {
        let size = 0;
        const socket = unix();
        socket.on("connect", () => socket.write("GET /configs HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
        socket.on("error", () => {}).on("close", () => resolve(size));
        setTimeout(() => socket.on("data", chunk => (size += chunk.length)), pauseMs);
      });
    expect(await bytesTaken(4 * limits.stalledMs)).toBeLessThan(label.length);
    expect(await bytesTaken(0)).toBeGreaterThan(label.length);
  });

  it("does not keep others waiting", async () => {
    const idle = Array.from({ length: 50 }, () => plain().on("error", () => {}));
    expect((await api.call("GET", "/_ping")).status).toBe(200);
    for (const socket of idle) socket.destroy();
  });
});

describe("names of a TLS listener", () => {
  it("are those its certificate is for", async () => {
    const authority = await TestAuthority.create();
    const names = [
      { type: "dns", value: "Shoal.example" },
      { type: "dns", value: "*.swarm.example" },
      { type: "ip", value: "10.0.0.1" },
    ] as const;
    const { cert } = await authority.issue("front", names);
    const ours = certificateNames(cert);
    expect(ours).toEqual(["shoal.example", "*.swarm.example", "front"]);
    const check = (host: string) => refuseBrowsers({ headers: { host } } as Parameters<typeof refuseBrowsers>[0], ours);
    for (const host of ["shoal.example:2376", "a.swarm.example", "FRONT", "10.0.0.1:2376"]) check(host);
    for (const host of ["evil.example", "swarm.example", "a.b.swarm.example", "xswarm.example"])
      expect(() => check(host)).toThrow("is not a name of this listener");
  });
});
