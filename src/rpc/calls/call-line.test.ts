import { connect, createServer, type TLSSocket } from "node:tls";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { Fault } from "../../lib/fault.ts";
import type { LiveIdentity } from "../../pki/live-identity.ts";
import { managerServerName } from "../../pki/subject.ts";
import { systemClock } from "../../platform/clock.ts";
import { silentLogger } from "../../ports/log.ts";
import { type CallContext, type Connection, type Handlers, type Listener, register } from "../../ports/transport.ts";
import { Health } from "../../wire/gen/docker/swarmkit/v1/health_pb.ts";
import { FrameReader } from "../frames.ts";
import { implementationOf } from "../handlers.ts";
import { TestSwarm } from "../identities.test-kit.ts";
import { maxRequestBytes } from "../limits.ts";
import { grpcTransport } from "../transport.ts";
import { framed } from "./call-frames.test-kit.ts";
import { type CalleeFrame, type CallerFrame, calleeFrame, callerFrame, callProtocol } from "./call-frames.ts";

type Check = Handlers<typeof Health>["check"];

const path = "/docker.swarmkit.v1.Health/Check";
let swarm: TestSwarm;
const open: { close(): unknown }[] = [];

beforeAll(async () => {
  swarm = await TestSwarm.create();
});

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function serve(check: Check): Promise<Listener> {
  const identity = await swarm.identity("server", "manager");
  const transport = grpcTransport({ identity, log: silentLogger, clock: systemClock });
  const listener = await transport.listen("127.0.0.1:0", [register(Health, { check })]);
  open.push(listener);
  return listener;
}

function dial(address: string, identity: LiveIdentity): Connection {
  const connection = grpcTransport({ identity, log: silentLogger, clock: systemClock }).connect(address);
  open.push(connection);
  return connection;
}

/** A caller that says what it likes. */
class RawCaller {
  readonly heard: CalleeFrame[] = [];
  readonly #socket: TLSSocket;
  closed = false;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    const reader = new FrameReader(1 << 20);
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closed = true;
    });
    socket.on("data", (chunk: Buffer) => {
      for (const frame of reader.read(chunk)) this.heard.push(calleeFrame(frame));
    });
    open.push({ close: () => socket.destroy() });
  }

  static async to(address: string, nodeId: string, role: "manager" | "worker" = "manager"): Promise<RawCaller> {
    const { certificatePem: cert, keyPem: key, rootPem: ca } = await swarm.credentials(nodeId, role);
    const [host = "", port] = address.split(":");
    const tls = { cert, key, ca, servername: managerServerName, ALPNProtocols: [callProtocol] };
    return new RawCaller(connect({ host, port: Number(port), ...tls }));
  }

  say(frame: CallerFrame): void {
    this.#socket.write(framed(frame));
  }

  call(id: number, members: Partial<CallerFrame & { kind: "call" }> = {}): void {
    this.say({ kind: "call", id, path, forwarding: "", request: Buffer.alloc(0), ...members });
  }

  sayBytes(...bytes: number[]): void {
    this.#socket.write(Buffer.from(bytes));
  }
}

describe("calls between managers", () => {
  it("are answered on one connection, each when it is done", async () => {
    const ends = new Map<string, () => void>();
    const { address } = await serve(async ({ service }) => {
      await new Promise<void>(resolve => ends.set(service, resolve));
      return { status: 1 };
    });
    const caller = await RawCaller.to(address, "caller");
    await expect.poll(() => caller.heard).toEqual([{ kind: "greeting" }]);
    for (const id of [1, 2, 3]) caller.call(id, { request: Buffer.from([10, 1, 64 + id]) });
    await expect.poll(() => [...ends.keys()]).toEqual(["A", "B", "C"]);
    for (const service of ["C", "A", "B"]) ends.get(service)?.();
    await expect.poll(() => caller.heard.slice(1)).toMatchObject([3, 1, 2].map(id => ({ kind: "answer", id })));
  });

  it("go this way when both sides can", async () => {
    const { certificatePem: cert, keyPem: key } = await swarm.credentials("server", "manager");
    const paths: string[] = [];
    // It knows nothing else.
    const server = createServer({ cert, key, ALPNProtocols: [callProtocol] }, socket => {
      const reader = new FrameReader(1 << 20);
      socket.on("error", () => {});
      socket.write(framed({ kind: "greeting" }));
      socket.on("data", (chunk: Buffer) => {
        for (const frame of [...reader.read(chunk)].map(callerFrame)) {
          if (frame.kind === "call") paths.push(frame.path);
          socket.write(framed({ kind: "answer", id: frame.id, message: Buffer.from([8, 1]) }));
        }
      });
    });
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
    open.push({ close: () => server.close() });
    const { port } = server.address() as { port: number };
    const client = dial(`127.0.0.1:${port}`, await swarm.identity("caller", "manager")).client(Health);
    expect((await client.check({})).status).toBe(1);
    expect(paths).toEqual([path]);
  });

  it("are for managers alone: others are sent to gRPC", async () => {
    const { address } = await serve(async () => ({}));
    const worker = await RawCaller.to(address, "worker", "worker");
    await expect.poll(() => worker.heard).toEqual([{ kind: "refusal" }]);
    // A worker that became a manager shows so at its next connection; until then it calls by gRPC.
    const identity = await swarm.identity("node", "worker");
    const client = dial(address, identity).client(Health);
    await expect(client.check({})).rejects.toMatchObject({ code: "permission_denied" });
    identity.set(await swarm.credentials("node", "manager"));
    await client.check({});
  });

  it("are broken off by their number, and all of them with their connection", async () => {
    const contexts: CallContext[] = [];
    const listener = await serve((_, context) => {
      contexts.push(context);
      return new Promise(() => {});
    });
    const caller = await RawCaller.to(listener.address, "caller");
    for (const id of [1, 2]) caller.call(id);
    await expect.poll(() => contexts.length).toBe(2);
    caller.say({ kind: "break", id: 1 });
    caller.say({ kind: "break", id: 99 });
    await expect.poll(() => contexts.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    listener.disconnect("caller");
    await expect.poll(() => contexts.map(({ signal }) => signal.aborted)).toEqual([true, true]);
    expect(caller.heard).toEqual([{ kind: "greeting" }]);
  });

  it.each<[string, Partial<CallerFrame & { kind: "call" }>, number]>([
    ["of a method that is not served", { path: "/docker.swarmkit.v1.Health/Heal" }, 12],
    ["with a request that is no message", { request: Buffer.from([0xff, 0xff]) }, 3],
    ["for somebody who is not told in full", { forwarding: '{"forwarded_cert":"true","forwarded_cert_cn":"w"}' }, 7],
    ["for somebody who cannot be read", { forwarding: "{" }, 3],
    ["for something else than texts", { forwarding: '{"forwarded_cert":[]}' }, 3],
  ])("fail %s, and the next one does not", async (_, call, code) => {
    const { address } = await serve(async () => ({}));
    const caller = await RawCaller.to(address, "caller");
    caller.call(1, call);
    caller.call(2);
    await expect.poll(() => caller.heard.length).toBe(3);
    const [, first, second] = caller.heard.sort((a, b) => ("id" in a ? a.id : 0) - ("id" in b ? b.id : 0));
    expect([first, second]).toMatchObject([
      { kind: "failure", code },
      { kind: "answer", id: 2 },
    ]);
  });

  it.each<[string, (caller: RawCaller) => void]>([
    ["says what is no frame", caller => caller.sayBytes(0, 0, 0, 5, 9, 0, 0, 0, 1)],
    ["says too much at once", caller => caller.sayBytes(0x7f, 0xff, 0xff, 0xff)],
    [
      "gives two calls one number",
      caller => {
        caller.call(1);
        caller.call(1);
      },
    ],
  ])("end when the caller %s, and others go on", async (_, mistake) => {
    const { address } = await serve(async ({ service }) => (service === "" ? new Promise(() => {}) : {}));
    const caller = await RawCaller.to(address, "caller");
    await expect.poll(() => caller.heard.length).toBe(1);
    mistake(caller);
    await expect.poll(() => caller.closed).toBe(true);
    await dial(address, await swarm.identity("other", "manager"))
      .client(Health)
      .check({ service: "x" });
  });

  it("go by gRPC to a manager that knows nothing else", async () => {
    const { certificatePem, keyPem, rootPem } = await swarm.credentials("stock", "manager");
    const stock = new Server();
    const context = { caller: undefined, peerAddress: "", signal: new AbortController().signal };
    const surroundings = { door: () => context, log: silentLogger, clock: systemClock };
    const check: Check = async ({ service }) => {
      if (service === "") throw new Fault("not_found", "no service is meant");
      return { status: 1 };
    };
    const { definition, implementation } = implementationOf(register(Health, { check }), surroundings);
    stock.addService(definition, implementation);
    const pair = { cert_chain: Buffer.from(certificatePem), private_key: Buffer.from(keyPem) };
    const credentials = ServerCredentials.createSsl(Buffer.from(rootPem), [pair], true);
    const port = await new Promise<number>((resolve, reject) =>
      stock.bindAsync("127.0.0.1:0", credentials, (error, bound) => (error ? reject(error) : resolve(bound))),
    );
    open.push({ close: () => stock.forceShutdown() });
    const client = dial(`127.0.0.1:${port}`, await swarm.identity("caller", "manager")).client(Health);
    expect((await client.check({ service: "x" })).status).toBe(1);
    await expect(client.check({})).rejects.toMatchObject({ code: "not_found", message: "no service is meant" });
  });

  it("go on where they are while new ones show a new certificate", async () => {
    const callers: string[] = [];
    const ends: (() => void)[] = [];
    const { address } = await serve(async ({ service }, { caller }) => {
      callers.push(`${service} ${caller?.nodeId}`);
      if (service === "long") await new Promise<void>(resolve => ends.push(resolve));
      return {};
    });
    const identity = await swarm.identity("before", "manager");
    const client = dial(address, identity).client(Health);
    const long = client.check({ service: "long" });
    await expect.poll(() => ends.length).toBe(1);
    identity.set(await swarm.credentials("after", "manager"));
    await client.check({ service: "short" });
    ends[0]?.();
    await long;
    expect(callers).toEqual(["long before", "short after"]);
  });

  it("are refused when they are too large, without harm to others", async () => {
    const { address } = await serve(async () => ({}));
    const client = dial(address, await swarm.identity("caller", "manager")).client(Health);
    // Before the text go a tag and its length.
    const largest = "x".repeat(maxRequestBytes - 5);
    await client.check({ service: largest });
    const tooLarge = client.check({ service: `${largest}x` });
    await expect(tooLarge).rejects.toMatchObject({ code: "resource_exhausted" });
    await client.check({});
  });
});
