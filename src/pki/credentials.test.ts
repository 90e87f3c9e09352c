import { beforeAll, describe, expect, it } from "vitest";
import type { Caller } from "../ports/transport.ts";
import { type CredentialTexts, parseCredentials } from "./credentials.ts";
import { newNodeKey, newRequest } from "./node-key.ts";
import { RootCa } from "./root-ca.ts";
import { identityOf } from "./subject.ts";

const now = Date.UTC(2026, 10, 21, 12);
const node: Caller = { nodeId: "node1", role: "manager", clusterId: "cluster1" };

let ca: RootCa;
let other: RootCa;
let good: CredentialTexts;

beforeAll(async () => {
  [ca, other] = [await RootCa.create(now), await RootCa.create(now)];
  const keyPem = newNodeKey();
  const certificatePem = await ca.sign(await newRequest(keyPem), node, now, 7_200_000);
  good = { certificatePem, keyPem, rootPem: ca.certificatePem };
});

describe("credentials", () => {
  it("say who the node is and until when", () => {
    expect(parseCredentials(good)).toEqual({
      ...good,
      ...node,
      notBeforeMs: now - 3_600_000,
      notAfterMs: now + 7_200_000,
    });
  });

  it("may be vouched for by any of several trusted roots", () => {
    const rootPem = other.certificatePem + ca.certificatePem;
    expect(parseCredentials({ ...good, rootPem }).nodeId).toBe("node1");
  });

  it("are refused when a root of the same name but another key is trusted", () => {
    expect(() => parseCredentials({ ...good, rootPem: other.certificatePem })).toThrow("another root CA");
  });

  it("are refused with another node's key, or none", () => {
    expect(() => parseCredentials({ ...good, keyPem: newNodeKey() })).toThrow("does not belong to it");
    expect(() => parseCredentials({ ...good, keyPem: "" })).toThrow("cannot be read");
  });

  it("are refused when the certificate names no node", () => {
    const files = { ...good, certificatePem: ca.certificatePem, keyPem: ca.keyPem };
    expect(() => parseCredentials(files)).toThrow("does not name a node");
  });

  it.each(["", "rubbish", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])(
    "are refused with the certificate %j",
    certificatePem => {
      expect(() => parseCredentials({ ...good, certificatePem })).toThrow(
        expect.objectContaining({ code: "invalid_argument" }),
      );
    },
  );

  it("does not take a node's certificate for an authority", async () => {
    const keyPem = newNodeKey();
    const child = await RootCa.create(now);
    const certificatePem = (await child.sign(await newRequest(keyPem), node, now)) + good.certificatePem;
    expect(() => parseCredentials({ ...good, certificatePem, keyPem })).toThrow("another root CA");
  });
});

describe("a subject", () => {
  const full = { CN: "n", OU: "swarm-worker", O: "c" };
  it.each([
    [full, { nodeId: "n", role: "worker", clusterId: "c" }],
    [
      { ...full, OU: "swarm-manager" },
      { nodeId: "n", role: "manager", clusterId: "c" },
    ],
    [{ ...full, OU: "swarm-ca" }, undefined],
    [{ ...full, OU: ["swarm-worker", "swarm-manager"] }, undefined],
    [{ ...full, CN: ["a", "b"] }, undefined],
    [{ ...full, CN: "" }, undefined],
    [{ OU: "swarm-worker", O: "c" }, undefined],
    [{ CN: "n", OU: "swarm-worker" }, undefined],
    [{}, undefined],
  ])("%o names %o", (subject, identity) => {
    expect(identityOf(subject)).toEqual(identity);
  });
});
