import { X509Certificate } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { SimHttps } from "../sim/https.ts";
import { ExternalCA_CAProtocol, ExternalCASchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { FakeCfssl } from "./cfssl.test-kit.ts";
import { isVouchedFor, readCertificates } from "./chain.ts";
import { parseCredentials } from "./credentials.ts";
import { ExternalCa, serversFor } from "./external-ca.ts";
import { newNodeKey, newRequest } from "./node-key.ts";
import { RootCa } from "./root-ca.ts";

const now = Date.UTC(2026, 10, 21);
const node = { nodeId: "n1", role: "manager", clusterId: "c1" } as const;
const [one, two] = ["https://one/sign", "https://two/sign"];
let root: RootCa;
let other: RootCa;
let https: SimHttps;
let cfssl: FakeCfssl;
let ca: ExternalCa;
const keyPem = newNodeKey();

beforeAll(async () => {
  [root, other] = [await RootCa.create(now), await RootCa.create(now, "other")];
});
beforeEach(() => {
  https = new SimHttps();
  cfssl = new FakeCfssl(root, () => now);
  https.servers.set(one, cfssl);
  ca = new ExternalCa({ https, urls: [one, two], rootPem: root.certificatePem });
});

const sign = async () => ca.sign(await newRequest(keyPem), node);
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe("an external CA", () => {
  it("makes the certificate of the node that it is told, for the key of the request", async () => {
    const certificatePem = await sign();
    const { nodeId, role, clusterId } = parseCredentials({ certificatePem, keyPem, rootPem: root.certificatePem });
    expect({ nodeId, role, clusterId }).toEqual(node);
    expect(cfssl.signed).toEqual([node]);
  });

  it("is asked in CFSSL's words, with the names that Swarm's certificates carry", async () => {
    const request = await newRequest(keyPem);
    await ca.sign(request, node);
    expect(JSON.parse(cfssl.asked[0]!)).toEqual({
      hosts: ["swarm-manager", "n1", "swarm-ca"],
      certificate_request: text(request),
      subject: { CN: "n1", names: [{ O: "c1", OU: "swarm-manager" }] },
    });
  });

  it("is any of its servers, the one that answered last first", async () => {
    https.servers.delete(one);
    https.servers.set(two, cfssl);
    await sign();
    const broken = new FakeCfssl(root, () => now);
    broken.trouble = { status: 500, body: "" };
    https.servers.set(one, broken);
    await sign();
    expect([broken.asked.length, cfssl.signed.length]).toEqual([0, 2]);
    https.servers.delete(two);
    await expect(sign()).rejects.toMatchObject({
      code: "aborted",
      message: expect.stringMatching(/Cannot reach https:\/\/two.*; .*https:\/\/one.*500/),
    });
    expect(broken.asked.length).toBe(1);
  });

  it.each<[string, { status: number; body: string }, string, string]>([
    ["an error page", { status: 502, body: "bad gateway\n" }, "aborted", "response: 502 - bad gateway"],
    ["no JSON", { status: 200, body: "<html>" }, "aborted", "unable to parse JSON response: <html>"],
    ["null", { status: 200, body: "null" }, "aborted", "unable to parse JSON response"],
    ["no certificate", { status: 200, body: '{"success":true,"result":{}}' }, "aborted", "holds no certificate"],
    [
      "a bare no",
      { status: 200, body: '{"success":false}' },
      "failed_precondition",
      "certificate signing request failed",
    ],
    [
      "a reasoned no",
      { status: 200, body: '{"success":false,"errors":[{"code":5300,"message":"not by this policy"},null]}' },
      "failed_precondition",
      "refused to sign: not by this policy",
    ],
    [
      "something else",
      { status: 200, body: '{"success":true,"result":{"certificate":"x"}}' },
      "failed_precondition",
      "signed by another CA",
    ],
  ])("that answers with %s says so", async (_, answer, code, message) => {
    https.servers.set(two, cfssl);
    cfssl.trouble = answer;
    await expect(sign()).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it.each<[string, () => Promise<string>, string]>([
    ["another root's", async () => other.sign(await newRequest(keyPem), node, now), "another CA than the swarm's root"],
    [
      "another node's",
      async () => root.sign(await newRequest(keyPem), { ...node, nodeId: "n2" }, now),
      "does not name the node",
    ],
    [
      "of another role",
      async () => root.sign(await newRequest(keyPem), { ...node, role: "worker" }, now),
      "does not name the node",
    ],
    ["for another key", async () => root.sign(await newRequest(newNodeKey()), node, now), "another key"],
  ])("is not believed with a certificate that is %s", async (_, spoilt, message) => {
    https.servers.set(two, cfssl);
    cfssl.spoil = spoilt;
    await expect(sign()).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining(message),
    });
  });

  it("is not sent a request that is none", async () => {
    await expect(ca.sign(Buffer.from("x"), node)).rejects.toMatchObject({ code: "invalid_argument" });
    expect(cfssl.signed).toEqual([]);
  });

  it("vouches for another root, under that one's own name", async () => {
    const between = await ca.crossSign(other, now);
    expect(cfssl.signed).toEqual(["CA"]);
    const leaf = new X509Certificate(await other.sign(await newRequest(keyPem), node, now));
    expect(isVouchedFor(leaf, readCertificates(between), readCertificates(root.certificatePem))).toBe(true);
  });

  it("cannot vouch for another root of the same name", async () => {
    await expect(ca.crossSign(await RootCa.create(now), now)).rejects.toThrow("needs another name");
  });

  it("says what its configuration lacks when it vouches for no authority", async () => {
    https.servers.set(one, {
      rootPem: root.certificatePem,
      answer: async () => cfssl.answer(await nodeJson()),
    });
    await expect(ca.crossSign(other, now)).rejects.toThrow('the server needs a profile "CA" with "is_ca"');
  });

  it("is reachable while one of its servers is, with a certificate under the root", async () => {
    expect(await ca.isReachable()).toBe(true);
    https.servers.set(one, new FakeCfssl(other, () => now));
    expect(await ca.isReachable()).toBe(false);
    https.servers.set(two, cfssl);
    expect(await ca.isReachable()).toBe(true);
    expect(await new ExternalCa({ https, urls: [], rootPem: root.certificatePem }).isReachable()).toBe(false);
  });
});

async function nodeJson(): Promise<string> {
  return JSON.stringify({
    certificate_request: text(await newRequest(keyPem)),
    subject: { CN: "n1", names: [{ O: "c1", OU: "swarm-worker" }] },
  });
}

describe("the servers for a root", () => {
  const pem = ({ certificatePem }: RootCa) => Buffer.from(certificatePem);
  const external = (url: string, caCert = new Uint8Array()) =>
    create(ExternalCASchema, { protocol: ExternalCA_CAProtocol.CFSSL, url, caCert });

  it("are those that name it, and for the trusted one those that name none", () => {
    const padded = Buffer.from(`text\n${root.certificatePem}\ntext`);
    const rubbish = Buffer.from("-----BEGIN CERTIFICATE-----\n%\n-----END CERTIFICATE-----\n");
    const all = [external("a"), external("b", padded), external("c", pem(other)), external("d", rubbish)];
    expect(serversFor(all, pem(root), pem(root))).toEqual(["a", "b"]);
    expect(serversFor(all, pem(other), pem(root))).toEqual(["c"]);
    expect(serversFor(all, Buffer.from(""), Buffer.from(""))).toEqual([]);
  });
});
