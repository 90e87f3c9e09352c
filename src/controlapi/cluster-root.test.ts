import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { beforeAll, describe, expect, it } from "vitest";
import { type Cluster, newMeta } from "../model/objects.ts";
import { isVouchedFor, readCertificates } from "../pki/chain.ts";
import { newNodeKey, newRequest } from "../pki/node-key.ts";
import { RootCa, rootExpiryMs } from "../pki/root-ca.ts";
import { newRoot } from "../pki/root-rotation.ts";
import { SimRandom } from "../sim/random.ts";
import { ClusterSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { ClusterSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import {
  AnnotationsSchema,
  type CAConfigSchema,
  ExternalCA_CAProtocol,
  type RootCA,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { fault, invalid, newApi } from "./api.test-kit.ts";
import { rootFor } from "./cluster-root.ts";

const now = Date.UTC(2026, 10, 21);
const dayMs = 86_400_000;
const random = new SimRandom(4);
type CaConfig = Exclude<MessageInitShape<typeof CAConfigSchema>, { $typeName: string }>;

let old: RootCa;
let next: RootCa;
let other: RootCa;
let expiring: RootCa;
beforeAll(async () => {
  [old, next, other] = [await RootCa.create(now), await RootCa.create(now), await RootCa.create(now)];
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
    now,
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

  it("is refused: a key of another kind, and an external CA", async () => {
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" });
    const refusal = asked(clusterWith(), { ...signer(next), signingCaKey: pem(rsa.toString()), forceRotate: 1n });
    await expect(refusal).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(
      asked(clusterWith(), { externalCas: [{ protocol: ExternalCA_CAProtocol.CFSSL, url: "https://ca" }] }),
    ).rejects.toEqual(fault("unimplemented", "Cannot use an external CA: this version signs with its own alone"));
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
