import { create } from "@bufbuild/protobuf";
import { beforeAll, describe, expect, it } from "vitest";
import { issuedCertificate } from "../ca/new-node.ts";
import type { Cluster, Node } from "../model/objects.ts";
import { toTimestamp } from "../model/time.ts";
import { type Issuer, issuerOf } from "../pki/issuer.ts";
import { parseJoinToken } from "../pki/join-token.ts";
import { newNodeKey, newRequest } from "../pki/node-key.ts";
import { RootCa } from "../pki/root-ca.ts";
import { newRoot } from "../pki/root-rotation.ts";
import { SimRandom } from "../sim/random.ts";
import {
  IssuanceStatus_State,
  NodeTLSInfoSchema,
  type RootRotation,
  RootRotationSchema,
} from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { context, now } from "./decisions.test-kit.ts";
import { aNode } from "./objects.test-kit.ts";
import { decideRotation, patienceMs, type RotationObservation } from "./root-rotation.ts";

const { ISSUED, ROTATE, PENDING } = IssuanceStatus_State;
let old: RootCa;
let next: RootCa;
let rotation: RootRotation;
let leafs: { old: string; next: string };

beforeAll(async () => {
  [old, next] = [await RootCa.create(now), await RootCa.create(now)];
  rotation = create(RootRotationSchema, {
    caCert: Buffer.from(next.certificatePem),
    caKey: Buffer.from(next.keyPem),
    crossSignedCaCert: Buffer.from(await old.crossSign(next, now)),
  });
  const sign = async (ca: RootCa) =>
    ca.sign(await newRequest(newNodeKey()), { nodeId: "n", role: "worker", clusterId: "c" }, now);
  leafs = { old: await sign(old), next: await sign(next) };
});

interface Circumstances {
  /** What the node says of itself; nothing when left out. */
  readonly shows?: "old" | "next";
  /** What it was made. */
  readonly made: "old" | "next";
  readonly state?: IssuanceStatus_State;
  /** Since the managers last wrote anything of it. */
  readonly ageMs?: number;
}

function nodeOf(id: string, { shows, made, state = ISSUED, ageMs = 0 }: Circumstances): Node {
  const node = aNode(id);
  const caller = { nodeId: id, role: "worker", clusterId: "c" } as const;
  const certificate = issuedCertificate(caller, new Uint8Array(), leafs[made]);
  const issuer: Issuer | undefined = shows && issuerOf(Buffer.from({ old, next }[shows].certificatePem));
  const tlsInfo =
    issuer && create(NodeTLSInfoSchema, { certIssuerSubject: issuer.subject, certIssuerPublicKey: issuer.publicKey });
  return {
    ...node,
    meta: { ...node.meta, updatedAt: toTimestamp(now - ageMs) },
    certificate: { ...certificate, status: { ...certificate.status!, state } },
    ...(node.description && { description: { ...node.description, ...(tlsInfo && { tlsInfo }) } }),
  };
}

function observationOf(nodes: readonly Node[]): RotationObservation {
  const root = newRoot(
    { caCert: Buffer.from(old.certificatePem), caKey: Buffer.from(old.keyPem) },
    3n,
    new SimRandom(),
  );
  const cluster = { id: "c", rootCa: { ...root, rootRotation: rotation } } as Cluster;
  return { cluster, rotation, nodes };
}

describe("while the root CA is being changed", () => {
  it.each<[string, Circumstances, "asked" | "waited for"]>([
    ["shows the old issuer", { shows: "old", made: "old" }, "asked"],
    ["has never shown anything", { made: "old" }, "asked"],
    ["was asked already", { shows: "old", made: "old", state: ROTATE }, "waited for"],
    ["waits for its certificate", { shows: "old", made: "old", state: PENDING }, "waited for"],
    ["was made a new certificate just now", { shows: "old", made: "next" }, "waited for"],
    ["has not taken it up for long", { shows: "old", made: "next", ageMs: patienceMs }, "asked"],
  ])("a node that %s is %s", (_, circumstances, expected) => {
    const nodes = [nodeOf("done", { shows: "next", made: "next" }), nodeOf("n", circumstances)];
    const decision = decideRotation(observationOf(nodes), context());
    const asked = decision.writes.map(write =>
      write.kind === "update node" ? [write.node.id, write.node.certificate?.status?.state] : write,
    );
    expect(asked).toEqual(expected === "asked" ? [["n", ROTATE]] : []);
    expect(decision.lookAgainMs).toBe(patienceMs);
  });

  it("asks no more at a time than it may write", () => {
    const nodes = Array.from({ length: 9 }, (_, at) => nodeOf(`n${at}`, { shows: "old", made: "old" }));
    expect(decideRotation(observationOf(nodes), context(4)).writes).toHaveLength(4);
  });

  it("ends the change when every node shows the new issuer, with new tokens", () => {
    const nodes = ["a", "b"].map(id => nodeOf(id, { shows: "next", made: "next" }));
    const [write] = decideRotation(observationOf(nodes), context()).writes;
    const root = write?.kind === "update cluster" ? write.cluster.rootCa : undefined;
    expect(root).toMatchObject({ caCert: rotation.caCert, caKey: rotation.caKey, lastForcedRotation: 3n });
    expect(root?.rootRotation).toBeUndefined();
    for (const token of [root?.joinTokens?.worker, root?.joinTokens?.manager])
      expect(parseJoinToken(token ?? "").digest).toBe(next.digest);
  });
});
