import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Cluster, newMeta } from "../model/objects.ts";
import { FakeCfssl } from "../pki/cfssl.test-kit.ts";
import { isVouchedFor, readCertificates } from "../pki/chain.ts";
import { newNodeKey, newRequest } from "../pki/node-key.ts";
import { RootCa, rootExpiryMs } from "../pki/root-ca.ts";
import { newRoot } from "../pki/root-rotation.ts";
import { SimHttps } from "../sim/https.ts";
import { SimRandom } from "../sim/random.ts";
import { ClusterSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { ClusterSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  AnnotationsSchema,
  type CAConfigSchema,
  ExternalCA_CAProtocol,
  type RootCA,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { invalid, newApi } from "./api.test-kit.ts";
import { rootFor } from "./cluster-root.ts";

const now = Date.UTC(2026, 10, 21);
const dayMs = 86_400_000;
const random = new SimRandom(4);
type CaConfig = Exclude<MessageInitShape<typeof CAConfigSchema>, { $typeName: string }>;

let old: RootCa;
let next: RootCa;
let other: RootCa;
let expiring: RootCa;
let https: SimHttps;
beforeEach(() => {
  https = new SimHttps();
});
beforeAll(async () => {
  [old, next, other] = [await RootCa.create(now), await RootCa.create(now, "next"), await RootCa.create(now)];
  expiring = await RootCa.create(now - rootExpiryMs + 300 * dayMs);
});

const pem = (text: string): Uint8Array => Buffer.from(text);
const signer = (ca: RootCa): CaConfig => ({ signingCaCert: pem(ca.certificatePem), signingCaKey: pem(ca.keyPem) });

function clusterWith(rootCa?: RootCA): Cluster {
  const root = rootCa ?? newRoot({ caCert: pem(old.certificatePem), caKey: pem(old.keyPem) }, 0n, random);
  const spec = { ...create(ClusterSpecSchema), annotations: create(AnnotationsSchema, { name: "default" }) };
  return { ...create(ClusterSchema, { id: "c" }), rootCa: root, meta: newMeta(), spec };
}

const asked = (cluster: Cluster, caConfig: CaConfig) =>
  rootFor(
    cluster,
    { ...cluster.spec, ...create(ClusterSpecSchema, { caConfig }), annotations: cluster.spec.annotations },
    { nowMs: now, https },
  );
const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();

describe("the root CA that is asked for", () => {
  it("is the one there is when nothing else is said", async () => {
    const cluster = clusterWith();
    expect(await asked(cluster, {})).toBe(cluster.rootCa);
  });

  it("is a new one that the trusted one vouches for", async () => {
    const cluster = clusterWith();
    const root = await asked(cluster, { forceRotate: 1n });
    expect(root).toMatchObject({ caCert: cluster.rootCa!.caCert, joinTokens: cluster.rootCa!.joinTokens });
    expect(root.lastForcedRotation).toBe(1n);
    const { caCert, caKey, crossSignedCaCert } = root.rootRotation!;
    const made = RootCa.load(text(caCert), text(caKey));
    expect(made.digest).not.toBe(old.digest);
    const worker = { nodeId: "n", role: "worker", clusterId: "c" } as const;
    const leaf = new X509Certificate(await made.sign(await newRequest(newNodeKey()), worker, now));
    const between = readCertificates(text(crossSignedCaCert));
    expect(isVouchedFor(leaf, between, readCertificates(old.certificatePem))).toBe(true);
    expect(isVouchedFor(leaf, [], readCertificates(text(caCert)))).toBe(true);
    expect(isVouchedFor(leaf, [], readCertificates(old.certificatePem))).toBe(false);
    expect(isVouchedFor(leaf, between, readCertificates(other.certificatePem))).toBe(false);
  });

  it("is a given one, and a change under way is replaced by another, or ended by going back", async () => {
    const first = await asked(clusterWith(), { ...signer(next), forceRotate: 1n });
    expect(text(first.rootRotation?.caCert)).toBe(next.certificatePem);
    const again = await asked(clusterWith(first), { ...signer(next), forceRotate: 2n });
    expect(again).toMatchObject({ rootRotation: first.rootRotation, lastForcedRotation: 2n });
    const replaced = await asked(clusterWith(first), { ...signer(other), forceRotate: 2n });
    expect(text(replaced.rootRotation?.caCert)).toBe(other.certificatePem);
    expect(
      new X509Certificate(text(replaced.rootRotation?.crossSignedCaCert)).verify(
        new X509Certificate(old.certificatePem).publicKey,
      ),
    ).toBe(true);
    const ended = await asked(clusterWith(first), { ...signer(old), forceRotate: 3n });
    expect([text(ended.caCert), ended.rootRotation, ended.lastForcedRotation]).toEqual([
      old.certificatePem,
      undefined,
      3n,
    ]);
  });

  it.each<[string, () => CaConfig, string]>([
    [
      "a key alone",
      () => ({ signingCaKey: pem(next.keyPem) }),
      "if a signing CA key is provided, the signing CA cert must also be provided",
    ],
    ["another's key", () => ({ ...signer(next), signingCaKey: pem(other.keyPem) }), "certificate key mismatch"],
    [
      "several certificates",
      () => ({ ...signer(next), signingCaCert: pem(next.certificatePem + other.certificatePem) }),
      "the desired CA certificate cannot contain multiple certificates",
    ],
    ["one that expires within a year", () => signer(expiring), "CA certificate expires too soon"],
    [
      "one without its key",
      () => ({ signingCaCert: pem(next.certificatePem) }),
      "there must be at least one valid, reachable external CA corresponding to the desired CA certificate",
    ],
    ["rubbish", () => ({ ...signer(next), signingCaCert: pem("rubbish") }), "no valid root CA certificates found"],
    [
      "rubbish in PEM",
      () => ({ ...signer(next), signingCaCert: pem("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n") }),
      "could not parse the desired CA certificate",
    ],
  ])("is refused: %s", async (_, caConfig, message) => {
    await expect(asked(clusterWith(), { ...caConfig(), forceRotate: 1n })).rejects.toEqual(invalid(message));
  });

  it("is refused: a key of another kind", async () => {
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" });
    const refusal = asked(clusterWith(), { ...signer(next), signingCaKey: pem(rsa.toString()), forceRotate: 1n });
    await expect(refusal).rejects.toMatchObject({ code: "invalid_argument" });
  });
});

describe("a root whose key is kept by an external CA", () => {
  const external = (url: string, root?: RootCa) => ({
    protocol: ExternalCA_CAProtocol.CFSSL,
    url,
    caCert: pem(root?.certificatePem ?? ""),
  });
  const serve = (url: string, root: RootCa): FakeCfssl => {
    const cfssl = new FakeCfssl(root, () => now);
    https.servers.set(url, cfssl);
    return cfssl;
  };
  const unreachable = (label: string) =>
    invalid(`there must be at least one valid, reachable external CA corresponding to the ${label} CA certificate`);
  /** The trusted root's key is outside. */
  const keyless = () => clusterWith(newRoot({ caCert: pem(old.certificatePem), caKey: new Uint8Array() }, 0n, random));
  /** Its certificate for the new root's key. */
  const vouchesFor = (root: RootCa, { rootRotation }: RootCA): boolean => {
    const between = new X509Certificate(text(rootRotation?.crossSignedCaCert));
    const key = new X509Certificate(text(rootRotation?.caCert)).publicKey;
    return between.verify(new X509Certificate(root.certificatePem).publicKey) && between.publicKey.equals(key);
  };

  it("needs nobody while the swarm has the key: servers may be set before they are there", async () => {
    const cluster = clusterWith();
    expect(await asked(cluster, { externalCas: [external("https://later")] })).toBe(cluster.rootCa);
  });

  it("takes the place of the one there is, which vouches for it", async () => {
    const desired = { signingCaCert: pem(next.certificatePem), externalCas: [external("https://ca", next)] };
    await expect(asked(clusterWith(), desired)).rejects.toEqual(unreachable("desired"));
    serve("https://ca", other);
    await expect(asked(clusterWith(), desired)).rejects.toEqual(unreachable("desired"));
    serve("https://ca", next);
    const root = await asked(clusterWith(), desired);
    expect([text(root.rootRotation?.caCert), root.rootRotation?.caKey.length]).toEqual([next.certificatePem, 0]);
    expect(vouchesFor(old, root)).toBe(true);
    const unserved = { externalCas: [external("https://nobody", next)] };
    await expect(asked(clusterWith(root), unserved)).rejects.toEqual(unreachable("next"));
    const withKey = await asked(clusterWith(root), { ...signer(next), forceRotate: 1n });
    expect([text(withKey.rootRotation?.caKey), text(withKey.caKey)]).toEqual([next.keyPem, old.keyPem]);
  });

  it("is the one there is, once its key is given up", async () => {
    serve("https://ca", old);
    const externalCas = [external("https://ca")];
    const root = await asked(clusterWith(), { signingCaCert: pem(old.certificatePem), externalCas });
    expect([root.caKey.length, root.rootRotation, text(root.caCert)]).toEqual([0, undefined, old.certificatePem]);
    const again = await asked(keyless(), { ...signer(old), externalCas });
    expect([text(again.caKey), again.rootRotation]).toEqual([old.keyPem, undefined]);
  });

  it("can be changed for one of the swarm's own, which the external CA vouches for", async () => {
    const externalCas = [external("https://ca")];
    await expect(asked(keyless(), { externalCas, forceRotate: 1n })).rejects.toEqual(unreachable("current"));
    const cfssl = serve("https://ca", old);
    const root = await asked(keyless(), { externalCas, forceRotate: 1n });
    expect([cfssl.signed, root.rootRotation?.caKey.length !== 0, vouchesFor(old, root)]).toEqual([["CA"], true, true]);
    const given = await asked(keyless(), { externalCas, ...signer(next), forceRotate: 1n });
    expect([text(given.rootRotation?.caKey), vouchesFor(old, given)]).toEqual([next.keyPem, true]);
    cfssl.trouble = { status: 500, body: "no" };
    await expect(asked(keyless(), { externalCas, forceRotate: 1n })).rejects.toMatchObject({
      code: "aborted",
      message: expect.stringMatching(/^unable to generate a cross-signed certificate for root rotation: .*500 - no/),
    });
  });

  it("cannot be changed for another external one", async () => {
    serve("https://ca", old);
    serve("https://next", next);
    const externalCas = [external("https://ca"), external("https://next", next)];
    await expect(asked(keyless(), { externalCas, signingCaCert: pem(next.certificatePem) })).rejects.toEqual(
      invalid("rotating from one external CA to a different external CA is not supported"),
    );
  });

  it("is looked for only when something of it changes", async () => {
    const cluster = keyless();
    expect(await asked(cluster, {})).toBe(cluster.rootCa);
    await expect(asked(cluster, { externalCas: [external("https://gone")] })).rejects.toEqual(unreachable("current"));
    const many = Array.from({ length: 17 }, () => external("https://ca"));
    await expect(asked(clusterWith(), { externalCas: many })).rejects.toMatchObject({ code: "invalid_argument" });
  });
});

describe("updateCluster", () => {
  it("begins a change of the root once, and keeps the given key out of the spec", async () => {
    const { api, store } = newApi();
    await store.update(tx => tx.cluster.create(clusterWith()));
    const stored = () => store.view(tx => tx.cluster.get("c")!);
    const update = (caConfig: CaConfig) =>
      api.updateCluster({
        clusterId: "c",
        clusterVersion: stored().meta.version!,
        spec: { annotations: { name: "default" }, caConfig: { nodeCertExpiry: { seconds: 7_200n }, ...caConfig } },
      });
    const { cluster } = await update({ ...signer(next), forceRotate: 1n });
    expect(cluster?.rootCa?.rootRotation?.caKey.length).toBe(0);
    expect([stored().spec.caConfig?.signingCaKey.length, stored().spec.caConfig?.signingCaCert.length]).toEqual([0, 0]);
    const before = stored().rootCa?.rootRotation;
    expect(text(before?.caKey)).toBe(next.keyPem);
    await update({ forceRotate: 1n });
    expect(stored().rootCa?.rootRotation).toEqual(before);
  });
});
