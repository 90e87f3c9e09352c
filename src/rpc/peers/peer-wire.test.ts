import { connect as connectTcp } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { Fault, faultKind } from "../../lib/fault.ts";
import { LiveIdentity } from "../../pki/live-identity.ts";
import { managerServerName } from "../../pki/subject.ts";
import { systemClock } from "../../platform/clock.ts";
import { silentLogger } from "../../ports/log.ts";
import { type CallContext, type Connection, type Handlers, type Listener, register } from "../../ports/transport.ts";
import { type DeliverRequest, Peers } from "../../wire/gen/shoal/v1/peers_pb.ts";
import { TestSwarm } from "../identities.test-kit.ts";
import { grpcTransport } from "../transport.ts";
import { peerProtocol } from "./peer-wire.ts";

type Deliver = Handlers<typeof Peers>["deliver"];

let swarm: TestSwarm;
const open: { close(): unknown }[] = [];

beforeAll(async () => {
  swarm = await TestSwarm.create();
});

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function serve(deliver: Deliver, revoked: readonly string[] = [], log = silentLogger): Promise<Listener> {
  const transport = grpcTransport({
    identity: await swarm.identity("server", "manager"),
    ...{ log, clock: systemClock },
    isRevoked: nodeId => revoked.includes(nodeId),
  });
  const listener = await transport.listen("127.0.0.1:0", [register(Peers, { deliver })]);
  open.push(listener);
  return listener;
}

function dial(address: string, identity: LiveIdentity): Connection {
  const connection = grpcTransport({ identity, log: silentLogger, clock: systemClock }).connect(address);
  open.push(connection);
  return connection;
}

async function call(
  address: string,
  requests: AsyncIterable<{ addr: string }>,
  role: "manager" | "worker" = "manager",
) {
  return dial(address, await swarm.identity("caller", role))
    .client(Peers)
    .deliver(requests);
}

async function* said(...addrs: string[]) {
  for (const addr of addrs) yield { addr };
}

/** Goes on until it is broken off. */
async function* unending() {
  yield { addr: "first" };
  await new Promise<void>(() => {});
}

const collect =
  (into: string[], contexts: CallContext[] = []): Deliver =>
  async (requests, context) => {
    contexts.push(context);
    for await (const { addr } of requests) into.push(addr);
    return {};
  };

describe("the way between members of the quorum", () => {
  it("carries messages in order, whatever their size, and says when all have been heard", async () => {
    const heard: string[] = [];
    const contexts: CallContext[] = [];
    const { address } = await serve(collect(heard, contexts));
    const sent = Array.from({ length: 60 }, (_, at) => `${at}`.repeat(1 + (at % 3) * 300_000));
    await call(address, said(...sent));
    expect(heard).toEqual(sent);
    expect(contexts[0]).toMatchObject({ caller: { nodeId: "caller", role: "manager" }, peerAddress: "127.0.0.1" });
  });

  it("is for managers of the swarm alone, as long as they belong to it", async () => {
    const heard: string[] = [];
    const { address } = await serve(collect(heard), ["removed"]);
    await expect(call(address, unending(), "worker")).rejects.toMatchObject({ code: "permission_denied" });
    const other = new LiveIdentity(await swarm.credentials("caller", "manager", { clusterId: "another" }));
    await expect(dial(address, other).client(Peers).deliver(unending())).rejects.toMatchObject({
      code: "permission_denied",
    });
    const removed = await swarm.identity("removed", "manager");
    await expect(dial(address, removed).client(Peers).deliver(unending())).rejects.toThrow(/was removed/);
    expect(heard).toEqual([]);
  });

  it("tells the caller for what it was ended, and the handler that the caller has gone", async () => {
    const { address } = await serve(async requests => {
      for await (const { addr } of requests) if (addr === "bad") throw new Fault("not_found", "you were removed");
      return {};
    });
    await expect(call(address, said("good", "bad", "late"))).rejects.toMatchObject({
      code: "not_found",
      message: "you were removed",
    });
    let context: CallContext | undefined;
    const patient = await serve(async (requests: AsyncIterable<DeliverRequest>, its) => {
      context = its;
      for await (const _ of requests);
      return {};
    });
    const connection = dial(patient.address, await swarm.identity("caller", "manager"));
    const running = connection.client(Peers).deliver(unending());
    await expect.poll(() => context).toBeDefined();
    connection.close();
    await expect(running).rejects.toMatchObject({ code: "unavailable" });
    await expect.poll(() => context?.signal.aborted).toBe(true);
  });

  it("breaks at once when the other end does", async () => {
    const heard: string[] = [];
    const listener = await serve(collect(heard));
    const running = call(listener.address, unending());
    await expect.poll(() => heard).toEqual(["first"]);
    listener.disconnect("caller");
    await expect(running).rejects.toMatchObject({ code: "unavailable" });
    await listener.close();
    await expect(call(listener.address, unending())).rejects.toThrow(/connection refused/);
  });

  it("does not take it for a mistake of its own when a caller is killed", async () => {
    const errors: string[] = [];
    const contexts: CallContext[] = [];
    const log = { ...silentLogger, error: (message: string) => void errors.push(message) };
    const { address } = await serve(collect([], contexts), [], log);
    const { certificatePem: cert, keyPem: key, rootPem: ca } = await swarm.credentials("caller", "manager");
    const [host = "", port] = address.split(":");
    const wire = connectTcp(Number(port), host);
    connect({ socket: wire, cert, key, ca, servername: managerServerName, ALPNProtocols: [peerProtocol] })
      .on("error", () => {})
      .write(Buffer.from([0, 0, 0, 0]));
    await expect.poll(() => contexts.length).toBe(1);
    wire.resetAndDestroy();
    await expect.poll(() => contexts[0]?.signal.aborted).toBe(true);
    await call(address, said("another one"));
    expect(errors).toEqual([]);
  });

  it("is not known to others, who say so", async () => {
    const { certificatePem: cert, keyPem: key } = await swarm.credentials("server", "manager");
    const stock = createServer({ cert, key, ALPNProtocols: ["h2"] });
    await new Promise<void>(resolve => stock.listen(0, "127.0.0.1", resolve));
    open.push({ close: () => new Promise(resolve => stock.close(resolve)) });
    const { port } = stock.address() as { port: number };
    await expect(call(`127.0.0.1:${port}`, unending())).rejects.toMatchObject({ code: "unimplemented" });
  });

  it.each([
    ["too long", Buffer.from([0x7f, 0xff, 0xff, 0xff]), "resource_exhausted"],
    ["no message", Buffer.concat([Buffer.from([0, 0, 0, 3]), Buffer.from([0xff, 0xff, 0xff])]), "invalid_argument"],
  ] as const)("ends when a frame is %s, says so, and serves others", async (_, frame, code) => {
    const heard: string[] = [];
    const { address } = await serve(collect(heard));
    const { certificatePem: cert, keyPem: key, rootPem: ca } = await swarm.credentials("caller", "manager");
    const [host = "", port] = address.split(":");
    const secrets = { cert, key, ca, servername: managerServerName, ALPNProtocols: [peerProtocol] };
    const socket: TLSSocket = connect({ host, port: Number(port), ...secrets });
    const answer: Buffer[] = [];
    socket.on("error", () => {});
    socket.on("data", chunk => answer.push(chunk));
    socket.write(frame);
    await new Promise(resolve => socket.on("close", resolve));
    // A status: a mistake of the caller's, not of ours.
    expect(Buffer.concat(answer)[4]).toBe(faultKind(code).grpc);
    await call(address, said("still there"));
    expect(heard).toEqual(["still there"]);
  });
});
