import { Metadata } from "@grpc/grpc-js";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { LiveIdentity } from "../pki/live-identity.ts";
import { systemClock } from "../platform/clock.ts";
import { silentLogger } from "../ports/log.ts";
import {
  type CallContext,
  type Caller,
  type Client,
  type Forwarding,
  type Listener,
  register,
} from "../ports/transport.ts";
import { CA, NodeCA } from "../wire/gen/docker/swarmkit/v1/ca_pb.ts";
import { Dispatcher } from "../wire/gen/docker/swarmkit/v1/dispatcher_pb.ts";
import { Health } from "../wire/gen/docker/swarmkit/v1/health_pb.ts";
import { LogBroker } from "../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import { Raft } from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import { forwardingMetadata, forwardingOf } from "./forwarding.ts";
import { TestSwarm } from "./identities.test-kit.ts";
import { grpcTransport } from "./transport.ts";

const worker: Caller = { nodeId: "w", role: "worker", clusterId: "cluster" };
const manager: Caller = { nodeId: "m", role: "manager", clusterId: "cluster" };

describe("what a call that is passed on says", () => {
  it.each<[string, Forwarding]>([
    ["a worker", { caller: worker, peerAddress: "10.0.0.7" }],
    ["a manager at an IPv6 address", { caller: manager, peerAddress: "fd00::1" }],
    ["nobody", { caller: undefined, peerAddress: "10.0.0.7" }],
    ["nobody from nowhere", { caller: undefined, peerAddress: "" }],
  ])("comes back: for %s", (_, forwarding) => {
    const { forwarded, forwarding: read } = forwardingOf(forwardingMetadata(forwarding));
    expect([forwarded, read()]).toEqual([true, forwarding]);
  });

  it("is nothing for a call of one's own", () => {
    expect(forwardingMetadata(undefined).getMap()).toEqual({});
    expect(forwardingOf(new Metadata()).forwarded).toBe(false);
  });

  /** What SwarmKit's managers send. */
  const sent = {
    forwarded_cert: "true",
    forwarded_cert_cn: "w",
    forwarded_cert_ou: "swarm-worker",
    forwarded_cert_org: "cluster",
    remote_addr: "10.0.0.7:39614",
  };
  const metadataOf = (entries: Record<string, string>): Metadata => {
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(entries)) metadata.set(key, value);
    return metadata;
  };

  it("is understood as SwarmKit says it", () => {
    expect(forwardingOf(metadataOf(sent)).forwarding()).toEqual({ caller: worker, peerAddress: "10.0.0.7" });
  });

  it.each(["not an address", "host.example:2377", "10.0.0.7:x", ""])("knows no address in %j", text => {
    expect(forwardingOf(metadataOf({ ...sent, remote_addr: text })).forwarding().peerAddress).toBe("");
  });

  it.each<[string, Metadata]>([
    ["no node id", metadataOf({ ...sent, forwarded_cert_cn: "" })],
    ["no role", metadataOf({ ...sent, forwarded_cert_ou: "" })],
    ["an unknown role", metadataOf({ ...sent, forwarded_cert_ou: "swarm-ca" })],
    ["no cluster", metadataOf({ ...sent, forwarded_cert_org: "" })],
    [
      "two roles",
      (() => {
        const metadata = metadataOf(sent);
        metadata.add("forwarded_cert_ou", "swarm-manager");
        return metadata;
      })(),
    ],
  ])("is refused with %s", (_, metadata) => {
    const { forwarded, forwarding } = forwardingOf(metadata);
    expect(forwarded).toBe(true);
    expect(forwarding).toThrow(
      expect.objectContaining({
        code: "permission_denied",
        message: expect.stringContaining("missing information in forwarded request"),
      }),
    );
  });

  it.each(["true", "false", ""])("counts as passed on when the mark is %j", mark => {
    expect(forwardingOf(metadataOf({ forwarded_cert: mark })).forwarded).toBe(true);
  });
});

describe("a call that is passed on", () => {
  let swarm: TestSwarm;
  let listener: Listener;
  let contexts: CallContext[];
  const revoked = new Set<string>();
  const opened: { close(): unknown }[] = [];
  beforeAll(async () => {
    swarm = await TestSwarm.create();
  });

  const transport = (identity: LiveIdentity) =>
    grpcTransport({ identity, clock: systemClock, log: silentLogger, isRevoked: id => revoked.has(id) });
  const clients = async (self: Caller) => {
    const connection = transport(await swarm.identity(self.nodeId, self.role)).connect(listener.address);
    opened.push(connection);
    return {
      ca: connection.client(CA),
      dispatcher: connection.client(Dispatcher),
      health: connection.client(Health),
      logs: connection.client(LogBroker),
      raft: connection.client(Raft),
    };
  };
  const denied = (text: string) =>
    expect.objectContaining({ code: "permission_denied", message: expect.stringContaining(text) });

  beforeEach(async () => {
    contexts = [];
    const seen = (context: CallContext) => {
      contexts.push(context);
      return {};
    };
    const unused = async () => ({});
    async function* nothing() {}
    listener = await transport(await swarm.identity("leader", "manager")).listen("127.0.0.1:0", [
      register(CA, { getRootCACertificate: async (_, context) => seen(context), getUnlockKey: unused }),
      register(NodeCA, { issueNodeCertificate: unused, nodeCertificateStatus: unused }),
      register(Health, { check: async (_, context) => seen(context) }),
      register(Raft, {
        processRaftMessage: async (_, context) => seen(context),
        streamRaftMessage: unused,
        resolveAddress: unused,
      }),
      register(LogBroker, {
        listenSubscriptions: nothing,
        publishLogs: async (_, context) => seen(context),
      }),
      register(Dispatcher, {
        heartbeat: async (_, context) => seen(context),
        async *session(_, context) {
          yield seen(context);
          await new Promise(resolve => context.signal.addEventListener("abort", resolve));
        },
        updateTaskStatus: unused,
        updateVolumeStatus: unused,
        tasks: nothing,
        assignments: nothing,
      }),
    ]);
    opened.push(listener);
  });
  afterEach(async () => {
    revoked.clear();
    for (const each of opened.splice(0).reverse()) await each.close();
  });

  const forwarding: Forwarding = { caller: worker, peerAddress: "10.0.0.7" };

  it("by a manager is its caller's, whichever way it streams", async () => {
    const { dispatcher, logs } = await clients(manager);
    async function* nothing() {}
    await dispatcher.heartbeat({}, { forwarding });
    for await (const _ of dispatcher.session({}, { forwarding })) break;
    await logs.publishLogs(nothing(), { forwarding });
    const expected = { caller: worker, peerAddress: "10.0.0.7", forwardedBy: "m" };
    expect(contexts).toEqual([1, 2, 3].map(() => expect.objectContaining(expected)));
    await dispatcher.heartbeat({});
    expect(contexts[3]).toEqual({ caller: manager, peerAddress: "127.0.0.1", signal: expect.anything() });
  });

  it("leaves room for others, however many streams of agents a manager passes on", async () => {
    const { dispatcher } = await clients(manager);
    const streams = Array.from({ length: 1_100 }, (_, at) => {
      const caller = { ...worker, nodeId: `w${at}` };
      return dispatcher.session({}, { forwarding: { ...forwarding, caller } })[Symbol.asyncIterator]();
    });
    await Promise.all(streams.map(stream => stream.next()));
    await dispatcher.heartbeat({});
    expect(new Set(contexts.map(({ caller }) => caller?.nodeId)).size).toBe(1_101);
    await Promise.all(streams.map(stream => stream.return?.()));
  });

  it("by a manager for nobody is nobody's, not the manager's own", async () => {
    const { ca, dispatcher } = await clients(manager);
    const nobody = { caller: undefined, peerAddress: "10.0.0.7" };
    await ca.getRootCACertificate({}, { forwarding: nobody });
    expect(contexts[0]).toMatchObject({ caller: undefined, forwardedBy: "m" });
    const call = dispatcher.heartbeat({}, { forwarding: nobody });
    await expect(call).rejects.toMatchObject({ code: "unauthenticated" });
    expect(contexts.length).toBe(1);
  });

  it("gives no more rights than its caller has", async () => {
    const { health } = await clients(manager);
    await expect(health.check({}, { forwarding })).rejects.toEqual(denied("unauthorized peer role"));
    expect(contexts).toEqual([]);
  });

  it("is refused from a worker, whoever it claims to call for", async () => {
    const { ca, dispatcher, health } = await clients(worker);
    const refused = denied("unauthorized forwarder role");
    await expect(health.check({}, { forwarding: { ...forwarding, caller: manager } })).rejects.toEqual(refused);
    await expect(dispatcher.heartbeat({}, { forwarding })).rejects.toEqual(refused);
    const other = { ...worker, nodeId: "w2" };
    await expect(dispatcher.heartbeat({}, { forwarding: { ...forwarding, caller: other } })).rejects.toEqual(refused);
    await expect(ca.getRootCACertificate({}, { forwarding })).rejects.toEqual(refused);
    expect(contexts).toEqual([]);
  });

  it("is refused from somebody without a certificate", async () => {
    const connection = transport(await swarm.identity("m", "manager")).connectAnonymous(listener.address, {
      kind: "none",
    });
    opened.push(connection);
    const call: Promise<unknown> = connection.client(CA).getRootCACertificate({}, { forwarding });
    await expect(call).rejects.toEqual(denied("unauthorized forwarder role"));
  });

  it("is refused from a manager of another swarm, even under the same root", async () => {
    const foreign = await swarm.identity("m", "manager");
    foreign.set(await swarm.credentials("m", "manager", { clusterId: "theirs" }));
    const connection = transport(foreign).connect(listener.address);
    opened.push(connection);
    const client: Client<typeof CA> = connection.client(CA);
    await expect(client.getRootCACertificate({}, { forwarding })).rejects.toEqual(denied("unauthorized forwarder"));
  });

  it("is refused for a node of another swarm", async () => {
    const { ca, dispatcher } = await clients(manager);
    const theirs = { ...forwarding, caller: { ...worker, clusterId: "theirs" } };
    await expect(dispatcher.heartbeat({}, { forwarding: theirs })).rejects.toEqual(
      denied("not part of organization: cluster, but of theirs"),
    );
    await ca.getRootCACertificate({}, { forwarding: theirs });
    expect(contexts.map(({ caller }) => caller)).toEqual([undefined]);
  });

  it("is refused when its caller or the manager that passes it on was removed", async () => {
    const { dispatcher } = await clients(manager);
    revoked.add("w");
    await expect(dispatcher.heartbeat({}, { forwarding })).rejects.toEqual(denied("node w was removed"));
    revoked.clear();
    revoked.add("m");
    await expect(dispatcher.heartbeat({}, { forwarding })).rejects.toEqual(denied("node m was removed"));
    expect(contexts).toEqual([]);
  });

  it("is refused between the members of the quorum", async () => {
    const { raft } = await clients(manager);
    const call = raft.processRaftMessage({}, { forwarding: { ...forwarding, caller: manager } });
    await expect(call).rejects.toEqual(denied("takes no calls that are passed on"));
    await raft.processRaftMessage({});
    expect(contexts.length).toBe(1);
  });
});
