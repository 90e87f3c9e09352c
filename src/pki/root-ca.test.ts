import { execFileSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Caller } from "../ports/transport.ts";
import { isShoalsOwn, newNodeKey, newRequest, publicKeyOf } from "./node-key.ts";
import { decodePem, encodePem } from "./pem.ts";
import { defaultNodeExpiryMs, RootCa, rootExpiryMs } from "./root-ca.ts";
import { stockRequest } from "./stock-request.test-kit.ts";

const now = Date.UTC(2026, 10, 21, 12);
const hour = 3_600_000;
const worker: Caller = { nodeId: "n".repeat(25), role: "worker", clusterId: "c".repeat(25) };
const manager: Caller = { ...worker, role: "manager" };

async function signed(ca: RootCa, node: Caller, expiryMs?: number): Promise<X509Certificate> {
  return new X509Certificate(await ca.sign(await newRequest(newNodeKey()), node, now, expiryMs));
}

describe("the root CA", () => {
  it("makes a root that lasts 20 years and signs itself", async () => {
    const ca = await RootCa.create(now);
    const root = new X509Certificate(ca.certificatePem);
    expect(root.subject).toBe("CN=swarm-ca");
    expect(root.ca).toBe(true);
    expect(root.verify(root.publicKey)).toBe(true);
    expect(Date.parse(root.validTo) - Date.parse(root.validFrom)).toBe(rootExpiryMs);
    expect(Date.parse(root.validFrom)).toBe(now - hour);
    expect(ca.certificatePem.endsWith("-----END CERTIFICATE-----\n")).toBe(true);
  });

  it("is the same after loading, digest included", async () => {
    const ca = await RootCa.create(now);
    const loaded = RootCa.load(ca.certificatePem, ca.keyPem);
    expect(loaded.digest).toBe(ca.digest);
    const certificate = await signed(loaded, worker);
    expect(certificate.verify(new X509Certificate(ca.certificatePem).publicKey)).toBe(true);
  });

  it("refuses to load a key that is not its own, and rubbish", async () => {
    const [one, two] = [await RootCa.create(now), await RootCa.create(now)];
    expect(() => RootCa.load(one.certificatePem, two.keyPem)).toThrow("does not belong");
    expect(() => RootCa.load("x", one.keyPem)).toThrow("Cannot load root CA");
    const short = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
    const text = short.export({ type: "pkcs8", format: "pem" }).toString();
    expect(() => RootCa.load(one.certificatePem, text)).toThrow("less than 2048 bits");
  });

  it.each([
    [
      worker,
      "O=ccccccccccccccccccccccccc\nOU=swarm-worker\nCN=nnnnnnnnnnnnnnnnnnnnnnnnn",
      ["swarm-worker", worker.nodeId],
    ],
    [
      manager,
      "O=ccccccccccccccccccccccccc\nOU=swarm-manager\nCN=nnnnnnnnnnnnnnnnnnnnnnnnn",
      ["swarm-manager", worker.nodeId, "swarm-ca"],
    ],
  ])("names the node and what it may be called: %o", async (node, subject, names) => {
    const certificate = await signed(await RootCa.create(now), node);
    expect(certificate.subject).toBe(subject);
    expect(certificate.subjectAltName).toBe(names.map(name => `DNS:${name}`).join(", "));
    expect(certificate.ca).toBe(false);
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
  });

  it("backdates by an hour and expires as told", async () => {
    const ca = await RootCa.create(now);
    const usual = await signed(ca, worker);
    expect([Date.parse(usual.validFrom), Date.parse(usual.validTo)]).toEqual([now - hour, now + defaultNodeExpiryMs]);
    expect(Date.parse((await signed(ca, worker, 2 * hour)).validTo)).toBe(now + 2 * hour);
  });

  it.each([30 * 365 * 24 * hour, 8_000 * 365 * 24 * hour, 1e300])(
    "lasts no longer than its root: %d ms",
    async asked => {
      const ca = await RootCa.create(now);
      expect(Date.parse((await signed(ca, worker, asked)).validTo)).toBe(ca.notAfterMs);
    },
  );

  it("takes nothing but the public key from a request", async () => {
    const key = newNodeKey();
    const request = await newRequest(key);
    const certificate = new X509Certificate(await (await RootCa.create(now)).sign(request, worker, now));
    expect(certificate.publicKey.equals(createPublicKey(key))).toBe(true);
    expect(certificate.subject).not.toContain("swarm-node");
  });

  it("gives every certificate a serial number of its own", async () => {
    const ca = await RootCa.create(now);
    const serials = await Promise.all(Array.from({ length: 20 }, async () => (await signed(ca, worker)).serialNumber));
    expect(new Set(serials).size).toBe(20);
  });
});

describe("a certificate request", () => {
  it("must be signed by the key it carries", async () => {
    const [mine, other] = [await newRequest(newNodeKey()), await newRequest(newNodeKey())];
    const [own, foreign] = [mine, other].map(pem => decodePem(Buffer.from(pem).toString())[0]!.bytes);
    // Puts the other request's public key (the same length) into mine: all but the signature is in order.
    const [ownKey, foreignKey] = await Promise.all([publicKeyOf(mine), publicKeyOf(other)]);
    const at = Buffer.from(own!).indexOf(Buffer.from(ownKey));
    const forged = Buffer.from(own!);
    forged.set(new Uint8Array(foreignKey), at);
    expect(at).toBeGreaterThan(0);
    expect(foreign).toBeDefined();
    const pem = Buffer.from(encodePem("CERTIFICATE REQUEST", forged));
    await expect(publicKeyOf(pem)).rejects.toThrow("its signature does not fit its key");
  });

  it.each([
    ["nothing", ""],
    ["no PEM", "hello"],
    ["a key", newNodeKey()],
    ["random bytes", encodePem("CERTIFICATE REQUEST", Uint8Array.of(1, 2, 3))],
    ["an empty block", encodePem("CERTIFICATE REQUEST", new Uint8Array())],
    ["too much", encodePem("CERTIFICATE REQUEST", new Uint8Array(20_000))],
  ])("is refused when it is %s", async (_, text) => {
    await expect(publicKeyOf(Buffer.from(text))).rejects.toMatchObject({ code: "invalid_argument" });
  });

  it("tells whether a Shoal node made it", async () => {
    expect(isShoalsOwn(await newRequest(newNodeKey()))).toBe(true);
    const stock = await stockRequest();
    await expect(publicKeyOf(stock)).resolves.toBeDefined();
    expect(isShoalsOwn(stock)).toBe(false);
  });

  it.each(["secp384r1", "secp521r1"])("may use the curve %s", async namedCurve => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve });
    const request = await newRequest(privateKey.export({ type: "pkcs8", format: "pem" }).toString());
    await expect(publicKeyOf(request)).resolves.toBeDefined();
  });
});

const openssl = (...args: string[]) => execFileSync("openssl", args, { encoding: "utf8", stdio: "pipe" });
const hasOpenssl = (() => {
  try {
    return openssl("version") !== "";
  } catch {
    return false;
  }
})();

describe.skipIf(!hasOpenssl)(`OpenSSL${hasOpenssl ? "" : " (skipped: it is not installed)"}`, () => {
  it("accepts the chain for both purposes and every name, and signs requests we accept", async () => {
    const directory = mkdtempSync(join(tmpdir(), "shoal-pki-"));
    try {
      const file = (name: string) => join(directory, name);
      const ca = await RootCa.create(Date.now());
      writeFileSync(file("root.crt"), ca.certificatePem);
      openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", file("node.key"));
      openssl("req", "-new", "-key", file("node.key"), "-subj", "/CN=evil/OU=swarm-manager", "-out", file("node.csr"));
      const request = Buffer.from(openssl("req", "-in", file("node.csr")));
      writeFileSync(file("node.crt"), await ca.sign(request, manager, Date.now()));
      for (const purpose of ["sslserver", "sslclient"])
        for (const name of ["swarm-manager", "swarm-ca", manager.nodeId]) {
          const flags = ["-x509_strict", "-purpose", purpose, "-verify_hostname", name, "-CAfile", file("root.crt")];
          expect(openssl("verify", ...flags, file("node.crt"))).toContain("OK");
        }
      expect(openssl("x509", "-in", file("node.crt"), "-noout", "-subject")).not.toContain("evil");
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it("accepts what a new root signed under either root, one made by OpenSSL too", async () => {
    const directory = mkdtempSync(join(tmpdir(), "shoal-pki-"));
    try {
      const file = (name: string) => join(directory, name);
      openssl("ecparam", "-name", "secp384r1", "-genkey", "-noout", "-out", file("theirs.key"));
      const subject = ["-subj", "/CN=swarm-ca", "-days", "3650", "-out", file("theirs.crt")];
      const given = (): RootCa => {
        openssl("req", "-x509", "-new", "-key", file("theirs.key"), ...subject);
        return RootCa.load(readFileSync(file("theirs.crt"), "utf8"), readFileSync(file("theirs.key"), "utf8"));
      };
      const theirs = given();
      openssl("genrsa", "-out", file("theirs.key"), "2048");
      const rsa = given();
      const [made, again] = [await RootCa.create(Date.now()), await RootCa.create(Date.now())];
      const changes: [RootCa, RootCa][] = [
        [made, again],
        [made, theirs],
        [made, rsa],
        [rsa, again],
      ];
      for (const [old, next] of changes) {
        writeFileSync(file("old.crt"), old.certificatePem);
        writeFileSync(file("next.crt"), next.certificatePem);
        expect(RootCa.load(next.certificatePem, next.keyPem).keyPem).toBe(next.keyPem);
        writeFileSync(file("between.crt"), await old.crossSign(next, Date.now()));
        writeFileSync(file("node.crt"), await next.sign(await newRequest(newNodeKey()), manager, Date.now()));
        const verify = (root: string) =>
          openssl("verify", "-CAfile", file(root), "-untrusted", file("between.crt"), file("node.crt"));
        expect(verify("old.crt")).toContain("OK");
        expect(verify("next.crt")).toContain("OK");
        expect(() => openssl("verify", "-CAfile", file("old.crt"), file("node.crt"))).toThrow("unable to get");
      }
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
