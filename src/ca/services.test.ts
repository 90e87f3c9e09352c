import { X509Certificate } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { beforeEach, describe, expect, it } from "vitest";
import type { Cluster, Node } from "../model/objects.ts";
import { FakeCfssl } from "../pki/cfssl.test-kit.ts";
import { parseCredentials } from "../pki/credentials.ts";
import { formatJoinToken, newJoinToken, parseJoinToken } from "../pki/join-token.ts";
import { newNodeKey, newRequest } from "../pki/node-key.ts";
import { RootCa } from "../pki/root-ca.ts";
import { stockRequest } from "../pki/stock-request.test-kit.ts";
import { type LogFields, type Logger, silentLogger } from "../ports/log.ts";
import type { Caller, Client } from "../ports/transport.ts";
import { SimClock, settle } from "../sim/clock.ts";
import { SimHttps } from "../sim/https.ts";
import { SimRandom } from "../sim/random.ts";
import { newSimStore, type SimStore } from "../sim/store.ts";
import { SimNetwork } from "../sim/transport.ts";
import { CA, NodeCA } from "../wire/gen/docker/swarmkit/v1/ca_pb.ts";
import { ClusterSpecSchema, NodeSpec_Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  CertificateSchema,
  ExternalCASchema,
  IssuanceStatus_State,
  NodeRole,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { maxFailures, windowMs } from "./failed-joins.ts";
import { type NewCluster, newCluster } from "./new-cluster.ts";
import { newNode } from "./new-node.ts";
import { caServices } from "./services.ts";

const hour = 3_600_000;
let clock: SimClock;
let random: SimRandom;
let store: SimStore;
let network: SimNetwork;
let https: SimHttps;
let swarm: NewCluster;
let logged: [string, LogFields | undefined][];

beforeEach(async () => {
  clock = new SimClock();
  random = new SimRandom(11);
  store = newSimStore({ clock });
  network = new SimNetwork({ clock });
  https = new SimHttps();
  logged = [];
  const keep = (message: string, fields?: LogFields) => logged.push([message, fields]);
  const log: Logger = { ...silentLogger, info: keep, warn: keep };
  const spec = create(ClusterSpecSchema, { caConfig: { nodeCertExpiry: { seconds: 7_200n } } });
  const availability = NodeSpec_Availability.ACTIVE;
  swarm = await newCluster({ spec, availability, addressPools: [], subnetSize: 0, dataPathPort: 0, clock, random });
  await store.update(tx => {
    tx.cluster.create(swarm.cluster);
    tx.node.create(swarm.node);
  });
  await network.transport("M").listen("M:2377", caServices({ store, clock, random, log, https }));
});

const from = (host: string, caller?: Caller) => network.transport(host, caller).connect("M:2377");
const tokens = () => store.view(tx => [...tx.cluster.all()][0]!.rootCa!.joinTokens!);
const nodeOf = (id: string) => store.view(tx => tx.node.get(id))!;

async function join(token: string, { host = "W", csr = undefined as Uint8Array | undefined, availability = 0 } = {}) {
  const keyPem = newNodeKey();
  const nodeCa: Client<typeof NodeCA> = from(host).client(NodeCA);
  const { nodeId } = await nodeCa.issueNodeCertificate({ csr: csr ?? (await newRequest(keyPem)), token, availability });
  const { status, certificate } = await nodeCa.nodeCertificateStatus({ nodeId });
  expect(status?.state).toBe(IssuanceStatus_State.ISSUED);
  const certificatePem = Buffer.from(certificate!.certificate).toString();
  return { nodeId, credentials: parseCredentials({ certificatePem, keyPem, rootPem: swarm.credentials.rootPem }) };
}

describe("joining", () => {
  it.each([
    ["worker", NodeRole.WORKER],
    ["manager", NodeRole.MANAGER],
  ] as const)("with the %s token makes a node of that role, with a certificate", async (role, wire) => {
    const { nodeId, credentials } = await join(tokens()[role], { availability: NodeSpec_Availability.PAUSE });
    expect(credentials).toMatchObject({ nodeId, role, clusterId: swarm.cluster.id });
    expect(credentials.notAfterMs).toBe(clock.now() + 2 * hour);
    expect(nodeOf(nodeId)).toMatchObject({
      role: wire,
      spec: { desiredRole: wire, membership: 1, availability: NodeSpec_Availability.PAUSE },
      certificate: { role: wire, cn: nodeId },
    });
    expect(nodeId).toMatch(/^[0-9a-z]{25}$/);
  });

  it("is done once when it is asked for twice in the same words", async () => {
    const csr = await newRequest(newNodeKey());
    const { worker: token, manager } = tokens();
    const ask = (given: string, request = csr) =>
      from("W").client(NodeCA).issueNodeCertificate({ csr: request, token: given, availability: 0 });
    const { nodeId } = await ask(token);
    expect((await ask(token)).nodeId).toBe(nodeId);
    const other = await newRequest(newNodeKey());
    const [one, two] = await Promise.all([ask(token, other), ask(token, other)]);
    expect(one.nodeId).toBe(two.nodeId);
    expect(store.view(tx => tx.node.size)).toBe(3);
    expect((await ask(manager)).nodeId).not.toBe(nodeId);
    expect((await ask(token, await newRequest(newNodeKey()))).nodeId).not.toBe(nodeId);
    await expect(ask("SWMTKN-1-x")).rejects.toMatchObject({ code: "invalid_argument" });
  });

  it("begins with the root certificate, whose digest is in the token", async () => {
    const { certificate } = await from("W").client(CA).getRootCACertificate({});
    expect(Buffer.from(certificate).toString()).toBe(swarm.credentials.rootPem);
  });

  const secret = () => parseJoinToken(tokens().worker).secret;
  it.each<[string, () => string | Promise<string>, string]>([
    ["no token", () => "", "not a join token"],
    ["no join token", () => "SWMTKN-1-bad", "not a join token"],
    ["a wrong secret", () => newJoinToken(parseJoinToken(tokens().worker).digest, random), "the secret"],
    [
      "another root's token",
      async () => formatJoinToken({ digest: (await RootCa.create(0)).digest, secret: secret() }),
      "another root CA",
    ],
  ])("is refused with %s, and says so", async (_, token, reason) => {
    await expect(join(await token())).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringMatching(`^A valid join token is necessary to join this cluster: .*${reason}`),
    });
    expect(store.view(tx => tx.node.size)).toBe(1);
    expect(logged).toEqual([["a node was refused to join", expect.objectContaining({ address: "W" })]]);
    expect(JSON.stringify(logged)).not.toContain(secret());
  });

  it("is refused with a bad request or availability", async () => {
    const { worker } = tokens();
    await expect(join(worker, { csr: Buffer.from("x") })).rejects.toThrow("Cannot sign certificate request");
    await expect(join(worker, { availability: 9 })).rejects.toThrow("unknown availability 9");
    expect(store.view(tx => tx.node.size)).toBe(1);
  });

  it("makes a stock Docker Engine a worker, and tells it that it cannot be a manager", async () => {
    const { worker, manager } = tokens();
    const ask = async (token: string) =>
      from("W")
        .client(NodeCA)
        .issueNodeCertificate({ csr: await stockRequest(), token });
    await expect(ask(manager)).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringMatching(/^Cannot join as a manager: .* a Docker Engine can be its worker only/),
    });
    expect(store.view(tx => tx.node.size)).toBe(1);
    expect(nodeOf((await ask(worker)).nodeId).role).toBe(NodeRole.WORKER);
  });

  it("is refused to an address that guesses, even with the right token, until a window has passed", async () => {
    for (let i = 0; i < maxFailures; i++) await expect(join("bad")).rejects.toMatchObject({ code: "invalid_argument" });
    expect(logged.slice(-2)).toEqual([
      ["a node was refused to join", expect.anything()],
      ["too many refused joins from one address", { address: "W", attempts: maxFailures, seconds: windowMs / 1000 }],
    ]);
    await expect(join(tokens().worker)).rejects.toMatchObject({ code: "resource_exhausted" });
    await join(tokens().worker, { host: "elsewhere" });
    await clock.advance(windowMs);
    await join(tokens().worker);
  });

  it("is refused with the token of before from the moment it is rotated, and touches no node that is in", async () => {
    const before = tokens();
    const { credentials } = await join(before.worker);
    const worker = newJoinToken(parseJoinToken(before.worker).digest, random);
    await store.update(tx => {
      const [{ rootCa, ...cluster }] = [...tx.cluster.all()] as [Cluster];
      tx.cluster.update({ ...cluster, rootCa: { ...rootCa!, joinTokens: { ...before, worker } } });
    });
    await expect(join(before.worker)).rejects.toThrow("it may have been rotated");
    await join(worker);
    await join(before.manager, { host: "M2" });
    await from("W", credentials)
      .client(NodeCA)
      .issueNodeCertificate({ csr: await newRequest(newNodeKey()) });
  });

  it("takes no token that was rotated while the certificate was signed", async () => {
    const { worker } = tokens();
    const rotated = newJoinToken(parseJoinToken(worker).digest, random);
    const bytes = random.bytes.bind(random);
    // The node's id is drawn after the token was read and before the certificate is signed.
    random.bytes = count => {
      random.bytes = bytes;
      void store.update(tx => {
        const [cluster] = tx.cluster.all();
        const rootCa = cluster!.rootCa!;
        tx.cluster.update({
          ...cluster!,
          rootCa: { ...rootCa, joinTokens: { ...rootCa.joinTokens!, worker: rotated } },
        });
      });
      return bytes(count);
    };
    await expect(join(worker)).rejects.toThrow("it may have been rotated");
    expect(store.view(tx => tx.node.size)).toBe(1);
    await join(tokens().worker);
  });
});

describe("an external CA", () => {
  const url = "https://ca";
  const serve = async () => {
    const { caCert, caKey } = store.view(tx => [...tx.cluster.all()][0]!.rootCa!);
    const cfssl = new FakeCfssl(RootCa.load(`${Buffer.from(caCert)}`, `${Buffer.from(caKey)}`), () => clock.now());
    https.servers.set(url, cfssl);
    return cfssl;
  };
  const change = (keepsKey: boolean, urls: readonly string[]) =>
    store.update(tx => {
      const [{ rootCa, spec, ...cluster }] = [...tx.cluster.all()] as [Cluster];
      const externalCas = urls.map(each => create(ExternalCASchema, { url: each }));
      const caConfig = { ...spec.caConfig!, externalCas };
      const caKey = keepsKey ? rootCa!.caKey : new Uint8Array();
      tx.cluster.update({ ...cluster, spec: { ...spec, caConfig }, rootCa: { ...rootCa!, caKey } });
    });

  it("signs instead of the swarm, which need not have the key, for joining and for known nodes", async () => {
    const cfssl = await serve();
    await change(true, [url]);
    const { nodeId } = await join(tokens().worker);
    await change(false, [url]);
    const { credentials } = await join(tokens().manager, { host: "M2" });
    await from("M2", credentials)
      .client(NodeCA)
      .issueNodeCertificate({ csr: await newRequest(newNodeKey()) });
    const manager = { nodeId: credentials.nodeId, role: "manager", clusterId: swarm.cluster.id };
    expect(cfssl.signed).toEqual([{ nodeId, role: "worker", clusterId: swarm.cluster.id }, manager, manager]);
  });

  it("that does not answer is told to the node, which may try again as often as it likes", async () => {
    await change(false, [url, "https://other"]);
    for (let i = 0; i <= maxFailures; i++)
      await expect(join(tokens().worker)).rejects.toMatchObject({
        code: "aborted",
        message: "Cannot reach https://ca: nobody is there; Cannot reach https://other: nobody is there",
      });
    expect(store.view(tx => tx.node.size)).toBe(1);
    expect(logged[0]).toEqual(["could not sign a certificate", { reason: expect.stringContaining(url) }]);
    const cfssl = new FakeCfssl(await RootCa.create(clock.now()), () => clock.now());
    https.servers.set(url, cfssl);
    await expect(join(tokens().worker)).rejects.toThrow("its root is not trusted");
  });

  it("that is not there, where the key is outside too, is said to be missing", async () => {
    await change(false, []);
    await expect(join(tokens().worker)).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining("no external CA is set for it"),
    });
  });
});

describe("renewing", () => {
  const renew = async (caller: Caller, csr?: Uint8Array) =>
    from("W", caller)
      .client(NodeCA)
      .issueNodeCertificate({ csr: csr ?? (await newRequest(newNodeKey())) });

  it("goes by the caller's certificate, needs no token, and takes the role from the store", async () => {
    const { nodeId, credentials } = await join(tokens().worker);
    await store.update(tx => tx.node.update({ ...tx.node.get(nodeId)!, role: NodeRole.MANAGER }));
    await clock.advance(hour);
    const before = nodeOf(nodeId).certificate!.certificate;
    expect((await renew(credentials)).nodeId).toBe(nodeId);
    const renewed = new X509Certificate(Buffer.from(nodeOf(nodeId).certificate!.certificate));
    expect(Buffer.from(before).equals(Buffer.from(nodeOf(nodeId).certificate!.certificate))).toBe(false);
    expect(renewed.subject).toContain("OU=swarm-manager");
    expect(Date.parse(renewed.validTo)).toBe(clock.now() + 2 * hour);
    expect(store.view(tx => tx.node.size)).toBe(2);
  });

  it("is refused to a node that was removed", async () => {
    const { nodeId, credentials } = await join(tokens().worker);
    await store.update(tx => tx.node.remove(nodeId));
    await expect(renew(credentials)).rejects.toMatchObject({ code: "not_found" });
    expect(store.view(tx => tx.node.size)).toBe(1);
  });

  it("changes nothing with a bad request", async () => {
    const { nodeId, credentials } = await join(tokens().worker);
    const before = nodeOf(nodeId);
    await expect(renew(credentials, Buffer.from("x"))).rejects.toMatchObject({ code: "invalid_argument" });
    expect(nodeOf(nodeId)).toBe(before);
  });
});

describe("the status of a certificate", () => {
  const pending = (id: string): Node => {
    const certificate = create(CertificateSchema, { cn: id, status: { state: IssuanceStatus_State.PENDING } });
    return newNode({ id, certificate, availability: 0, dataPathPort: 0 });
  };
  const statusOf = (nodeId: string, signal?: AbortSignal) =>
    from("W")
      .client(NodeCA)
      .nodeCertificateStatus({ nodeId }, signal ? { signal } : {});

  it("is answered when it is settled", async () => {
    await store.update(tx => tx.node.create(pending("n")));
    const answers: number[] = [];
    const waiting = statusOf("n").then(({ status }) => answers.push(status!.state));
    await settle();
    expect(answers).toEqual([]);
    const status = { ...nodeOf("n").certificate!.status!, state: IssuanceStatus_State.ISSUED };
    await store.update(tx => {
      const node = tx.node.get("n")!;
      tx.node.update({ ...node, certificate: { ...node.certificate!, status } });
    });
    await waiting;
    expect(answers).toEqual([IssuanceStatus_State.ISSUED]);
  });

  it("is not waited for by a caller who has gone", async () => {
    await store.update(tx => tx.node.create(pending("n")));
    const controller = new AbortController();
    const waiting = statusOf("n", controller.signal);
    await settle();
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: "cancelled" });
  });

  it("of a node that is not there, or goes, is not found", async () => {
    await expect(statusOf("nobody")).rejects.toMatchObject({ code: "not_found" });
    await store.update(tx => tx.node.create(pending("n")));
    const waiting = expect(statusOf("n")).rejects.toMatchObject({ code: "not_found" });
    await settle();
    await store.update(tx => tx.node.remove("n"));
    await waiting;
  });
});

describe("the unlock key", () => {
  it("is given only while the swarm is locked with it", async () => {
    const ca = from("M2", swarm.credentials).client(CA);
    expect((await ca.getUnlockKey({})).unlockKey.length).toBe(0);
    await store.update(tx => {
      const [cluster] = tx.cluster.all();
      const key = { $typeName: "docker.swarmkit.v1.EncryptionKey", subsystem: "swarm-manager" } as const;
      tx.cluster.update({
        ...cluster!,
        spec: { ...cluster!.spec, encryptionConfig: { ...cluster!.spec.encryptionConfig!, autoLockManagers: true } },
        unlockKeys: [{ ...key, algorithm: 0, key: Uint8Array.of(1, 2), lamportTime: 0n }],
      });
    });
    const { unlockKey, version } = await ca.getUnlockKey({});
    expect([...unlockKey]).toEqual([1, 2]);
    expect(version?.index).toBe(store.version);
  });
});
