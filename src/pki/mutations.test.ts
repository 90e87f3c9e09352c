import { describe, expect, it } from "vitest";
import { Fault } from "../lib/fault.ts";
import { SimRandom } from "../sim/random.ts";
import { readCertificates } from "./chain.ts";
import { isPair, parseCredentials } from "./credentials.ts";
import { issuerOf } from "./issuer.ts";
import { judgeJoinToken, newJoinToken, parseJoinToken } from "./join-token.ts";
import { decodeKey, encodeKey } from "./key-lock.ts";
import { newNodeKey, newRequest, publicKeyOf } from "./node-key.ts";
import { decodePem, encodePem } from "./pem.ts";
import { RootCa } from "./root-ca.ts";
import { formatUnlockKey, parseUnlockKey } from "./unlock-key.ts";

/** Mutations of each kind of input. `SHOAL_MUTATIONS=100000` for a long run. */
const mutations = Number(process.env.SHOAL_MUTATIONS ?? 400);

/** The same bytes with some of them changed, dropped, doubled or moved. */
function mutated(input: Uint8Array, random: SimRandom): Uint8Array {
  let bytes = Buffer.from(input);
  const somewhere = () => Math.floor(random.float() * (bytes.length + 1));
  for (let changes = 1 + Math.floor(random.float() * 4); changes > 0; changes--) {
    const [from, to] = [somewhere(), somewhere()].sort((a, b) => a - b) as [number, number];
    const kind = Math.floor(random.float() * 5);
    if (kind === 0 && bytes.length > 0) bytes[Math.min(from, bytes.length - 1)] = Math.floor(random.float() * 256);
    else if (kind === 1) bytes = Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
    else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
    else if (kind === 3) bytes = Buffer.concat([bytes.subarray(from), bytes.subarray(0, from)]);
    else bytes = Buffer.concat([bytes.subarray(0, from), random.bytes(8), bytes.subarray(from)]);
  }
  return bytes;
}

const nowMs = Date.UTC(2026, 10, 21);
const ca = await RootCa.create(nowMs);
const keyPem = newNodeKey();
const request = await newRequest(keyPem);
const identity = { nodeId: "n", role: "worker", clusterId: "c" } as const;
const certificatePem = await ca.sign(request, identity, nowMs);
const token = newJoinToken(ca.digest, new SimRandom(1));
const unlockKey = new Uint8Array(32).fill(7);
const lockedKey = encodeKey({
  keyPem,
  headers: new Map([["raft-dek", Buffer.from(unlockKey).toString("base64")]]),
  lock: { key: unlockKey, version: 9n },
});
const requestDer = decodePem(Buffer.from(request).toString())[0]!.bytes;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
const inPem = (label: string, bytes: Uint8Array): string => encodePem(label, bytes);

const inputs: Readonly<Record<string, [Uint8Array, (input: Uint8Array) => unknown]>> = {
  "a certificate request": [request, publicKeyOf],
  "a certificate request's content": [requestDer, der => publicKeyOf(Buffer.from(inPem("CERTIFICATE REQUEST", der)))],
  "a certificate": [Buffer.from(certificatePem), pem => readCertificates(text(pem))],
  "a root and its key": [
    Buffer.from(ca.certificatePem + ca.keyPem),
    pem => RootCa.load(text(pem), text(pem).slice(ca.certificatePem.length)),
  ],
  "a root to be shown": [Buffer.from(ca.certificatePem), issuerOf],
  "what a node proves itself with": [
    Buffer.from(certificatePem),
    pem => [
      parseCredentials({ certificatePem: text(pem), keyPem, rootPem: ca.certificatePem }),
      isPair(text(pem), keyPem),
    ],
  ],
  "a locked key file": [Buffer.from(lockedKey), file => decodeKey(text(file), unlockKey)],
  "a join token": [Buffer.from(token), given => parseJoinToken(text(given))],
  "an unlock key": [Buffer.from(formatUnlockKey(unlockKey)), given => parseUnlockKey(text(given))],
};

describe("whatever is done to it", () => {
  it.each(Object.entries(inputs))("%s is taken or refused with a reason", async (_, [input, read]) => {
    const random = new SimRandom(input.length);
    const surprises: string[] = [];
    for (let round = 0; round < mutations; round++) {
      const given = mutated(input, random);
      try {
        await read(given);
      } catch (error) {
        if (!(error instanceof Fault)) surprises.push(`${error} for ${Buffer.from(given).toString("base64")}`);
      }
    }
    expect(surprises).toEqual([]);
  });

  it("a token that is not one lets nobody in", () => {
    const random = new SimRandom(3);
    const tokens = { worker: token, manager: newJoinToken(ca.digest, new SimRandom(2)) };
    for (let round = 0; round < mutations; round++) {
      const given = text(mutated(Buffer.from(token), random));
      if (given !== token) expect(judgeJoinToken(given, tokens).kind, given).not.toBe("valid");
    }
  });
});
