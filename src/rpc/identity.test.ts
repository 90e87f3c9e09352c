import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LiveIdentity } from "../pki/live-identity.ts";
import { systemClock } from "../platform/clock.ts";
import type { Trust } from "../ports/anonymous.ts";
import type { Clock } from "../ports/clock.ts";
import { silentLogger } from "../ports/log.ts";
import { type CallContext, type Connection, type Listener, register } from "../ports/transport.ts";
import { CA } from "../wire/gen/docker/swarmkit/v1/ca_pb.ts";
import { Dispatcher } from "../wire/gen/docker/swarmkit/v1/dispatcher_pb.ts";
import { Health } from "../wire/gen/docker/swarmkit/v1/health_pb.ts";
import { dialFailureOf } from "./dial-failure.ts";
import { TestSwarm } from "./identities.test-kit.ts";
import { grpcTransport } from "./transport.ts";

let swarm: TestSwarm;
let stranger: TestSwarm;
beforeAll(async () => {
  [swarm, stranger] = [await TestSwarm.create(), await TestSwarm.create()];
});

const revoked = new Set<string>();
const opened: { close(): unknown }[] = [];
let server: LiveIdentity;
let listener: Listener;
let contexts: CallContext[];

const transport = (identity: LiveIdentity, clock: Clock = systemClock) =>
  grpcTransport({ identity, clock, log: silentLogger, isRevoked: id => revoked.has(id) });

const dial = (identity: LiveIdentity, address = listener.address): Connection => {
  const connection = transport(identity).connect(address);
  opened.push(connection);
  return connection;
};
const dialAnonymously = (trust: Trust, address = listener.address): Connection => {
  const connection = transport(new LiveIdentity()).connectAnonymous(address, trust);
  opened.push(connection);
  return connection;
};
const beat = (connection: Connection) => connection.client(Dispatcher).heartbeat({});
const rootOf = (connection: Connection) => connection.client(CA).getRootCACertificate({});
const health = (connection: Connection) => connection.client(Health).check({});
const failure = (call: Promise<unknown>) =>
  call.then(
    () => "answered",
    error => dialFailureOf(error) ?? error,
  );

async function serve(identity: LiveIdentity): Promise<Listener> {
  const seen = (context: CallContext) => {
    contexts.push(context);
    return {};
  };
  const unused = async () => ({});
  async function* nothing() {}
  const opening = await transport(identity).listen("127.0.0.1:0", [
    register(CA, { getRootCACertificate: async (_, context) => seen(context), getUnlockKey: unused }),
    register(Health, { check: async (_, context) => seen(context) }),
    register(Dispatcher, {
      heartbeat: async (_, context) => seen(context),
      async *session(_, context) {
        seen(context);
        yield { sessionId: "open" };
        await new Promise(resolve => context.signal.addEventListener("abort", resolve));
      },
      updateTaskStatus: unused,
      updateVolumeStatus: unused,
      tasks: nothing,
      assignments: nothing,
    }),
  ]);
  opened.push(opening);
  return opening;
}

beforeEach(async () => {
  contexts = [];
  server = await swarm.identity("manager1", "manager");
  listener = await serve(server);
});
afterEach(async () => {
  revoked.clear();
  for (const each of opened.splice(0).reverse()) await each.close();
});

describe("who is let in", () => {
  it("is a node of this swarm, by its certificate", async () => {
    await beat(dial(await swarm.identity("w")));
    expect(contexts[0]?.caller).toEqual({ nodeId: "w", role: "worker", clusterId: "cluster" });
    expect(contexts[0]?.peerAddress).toBe("127.0.0.1");
  });

  it("is a manager where managers are asked for", async () => {
    await health(dial(await swarm.identity("m", "manager")));
    await expect(health(dial(await swarm.identity("w")))).rejects.toMatchObject({ code: "permission_denied" });
    expect(contexts.length).toBe(1);
  });

  it("is nobody with a certificate under another root of the same name", async () => {
    const foreign = await stranger.credentials("w", "manager", { rootPem: swarm.ca.certificatePem });
    const connection = dial(new LiveIdentity(foreign));
    await expect(beat(connection)).rejects.toMatchObject({ code: "unauthenticated" });
    await rootOf(connection);
    expect(contexts.map(({ caller }) => caller)).toEqual([undefined]);
  });

  it("is nobody with an expired certificate", async () => {
    const late = await swarm.credentials("w", "worker", { expiryMs: -1_000 });
    await expect(beat(dial(new LiveIdentity(late)))).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("is nobody with this root's certificate for another swarm", async () => {
    const other = await swarm.credentials("w", "manager", { clusterId: "theirs" });
    await expect(beat(dial(new LiveIdentity(other)))).rejects.toMatchObject({
      code: "permission_denied",
      message: expect.stringContaining("not part of organization: cluster"),
    });
  });

  it("is nobody who was removed, from that moment on", async () => {
    const connection = dial(await swarm.identity("w"));
    await beat(connection);
    revoked.add("w");
    await expect(beat(connection)).rejects.toThrow("node w was removed from the swarm");
  });

  it("is anybody where anyone may call, but with small messages", async () => {
    const connection = dialAnonymously({ kind: "none" });
    await rootOf(connection);
    await expect(beat(connection)).rejects.toMatchObject({ code: "unauthenticated" });
    const large = { sessionId: "x".repeat(100_000) };
    await expect(connection.client(Dispatcher).heartbeat(large)).rejects.toMatchObject({ code: "resource_exhausted" });
    await dial(await swarm.identity("w"))
      .client(Dispatcher)
      .heartbeat(large);
  });
});

describe("whom a node trusts", () => {
  it("is no manager under another root", async () => {
    const fooled = await swarm.credentials("w", "worker", { rootPem: stranger.ca.certificatePem });
    expect(await failure(beat(dial(new LiveIdentity(fooled))))).toBe("untrusted");
  });

  it("is no manager with an expired certificate", async () => {
    const late = await serve(new LiveIdentity(await swarm.credentials("m", "manager", { expiryMs: -1_000 })));
    expect(await failure(beat(dial(await swarm.identity("w"), late.address)))).toBe("expired");
  });

  it("is no worker", async () => {
    const impostor = await serve(await swarm.identity("w2", "worker"));
    expect(await failure(beat(dial(await swarm.identity("w"), impostor.address)))).toBe("wrong name");
    const rootPem = swarm.ca.certificatePem;
    expect(await failure(rootOf(dialAnonymously({ kind: "root", rootPem }, impostor.address)))).toBe("wrong name");
  });

  it("is the pinned root alone when it joins", async () => {
    await rootOf(dialAnonymously({ kind: "root", rootPem: swarm.ca.certificatePem }));
    const other = dialAnonymously({ kind: "root", rootPem: stranger.ca.certificatePem });
    expect(await failure(rootOf(other))).toBe("untrusted");
  });

  it("is nobody while it has no certificate itself", async () => {
    await expect(beat(dial(new LiveIdentity()))).rejects.toMatchObject({ code: "failed_precondition" });
    await expect(transport(new LiveIdentity()).listen("127.0.0.1:0", [])).rejects.toThrow("no certificate");
  });
});

describe("new credentials", () => {
  it("of the caller count from its next call on, and calls in flight go on", async () => {
    const identity = await swarm.identity("n", "worker");
    const connection = dial(identity);
    const session = connection.client(Dispatcher).session({})[Symbol.asyncIterator]();
    expect((await session.next()).value?.sessionId).toBe("open");
    await expect(health(connection)).rejects.toMatchObject({ code: "permission_denied" });
    identity.set(await swarm.credentials("n", "manager"));
    await health(connection);
    expect(contexts.at(-1)?.caller?.role).toBe("manager");
    const running = session.next().then(() => "ended");
    expect(await Promise.race([running, Promise.resolve("running")])).toBe("running");
    listener.disconnect("n");
    await expect(running).rejects.toMatchObject({ code: "unavailable" });
  });

  it("of the listener are shown to the next connection, under another root too", async () => {
    await beat(dial(await swarm.identity("w")));
    server.set(await stranger.credentials("manager1", "manager"));
    expect(await failure(beat(dial(await swarm.identity("w"))))).toBe("untrusted");
    await beat(dial(await stranger.identity("w")));
    expect(contexts.length).toBe(2);
  });
});

describe("TLS", () => {
  const hello = (options: object) =>
    new Promise<string>((resolve, reject) => {
      const { port } = new URL(`tcp://${listener.address}`);
      const socket = connectTls({ port: Number(port), host: "127.0.0.1", rejectUnauthorized: false, ...options });
      socket.on("secureConnect", () => {
        resolve(socket.getProtocol() ?? "");
        socket.destroy();
      });
      socket.on("error", reject);
    });

  it("is 1.2 or later", async () => {
    expect(await hello({ minVersion: "TLSv1.3" })).toBe("TLSv1.3");
    expect(await hello({ maxVersion: "TLSv1.2" })).toBe("TLSv1.2");
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" };
    await expect(hello(old)).rejects.toThrow();
  });

  it("carries HTTP/2 also for callers who did not name it beforehand", async () => {
    const { port } = new URL(`tcp://${listener.address}`);
    const socket = connectTls({ port: Number(port), host: "127.0.0.1", rejectUnauthorized: false });
    socket.on("error", () => {});
    const emptySettings = Buffer.from("000000040000000000", "hex");
    socket.write(Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), emptySettings]));
    const [frame] = await once(socket, "data");
    expect((frame as Buffer)[3]).toBe(4);
    socket.destroy();
  });

  it("is not harmed by callers who do not speak it", async () => {
    const { port } = new URL(`tcp://${listener.address}`);
    const socket = connect(Number(port), "127.0.0.1");
    socket.on("error", () => {});
    socket.write("GET / HTTP/1.1\r\n\r\n");
    await once(socket, "close");
    await beat(dial(await swarm.identity("w")));
  });
});

describe("a peer that does not answer", () => {
  let proxy: Server;
  let sockets: Socket[];
  let silent: boolean;

  /** Passes everything on until it falls silent, as a host whose power was cut. */
  beforeEach(async () => {
    silent = false;
    sockets = [];
    proxy = createServer(inner => {
      const outer = connect(Number(new URL(`tcp://${listener.address}`).port), "127.0.0.1");
      sockets.push(inner, outer);
      for (const [from, to] of [[inner, outer] as const, [outer, inner] as const]) {
        from.on("data", data => silent || to.write(data));
        from.on("error", () => {});
        from.on("close", () => silent || to.destroy());
      }
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
  });
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  const address = () => `127.0.0.1:${(proxy.address() as AddressInfo).port}`;

  it("is noticed within 10 s, on both sides", async () => {
    const connection = dial(await swarm.identity("w"), address());
    const session = connection.client(Dispatcher).session({})[Symbol.asyncIterator]();
    await session.next();
    const atServer = once(contexts[0]!.signal, "abort");
    const begun = performance.now();
    silent = true;
    await expect(session.next()).rejects.toMatchObject({ code: "unavailable" });
    await atServer;
    expect(performance.now() - begun).toBeLessThan(12_000);
  }, 20_000);

  it("is given up when it does not even finish the handshake", async () => {
    silent = true;
    // A hundred times faster than the real clock.
    const hasty: Clock = { ...systemClock, after: (ms, run) => systemClock.after(ms / 100, run) };
    const connection = transport(await swarm.identity("w"), hasty).connect(address());
    opened.push(connection);
    expect(await failure(beat(connection))).toBe("timed out");
  });
});
