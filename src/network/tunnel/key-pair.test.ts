import { describe, expect, it } from "vitest";
import { SimRandom } from "../../sim/random.ts";
import { keyPairOf, keyText, newKeyPair } from "./key-pair.ts";

describe("a node's key pair", () => {
  it("is what `wg pubkey` makes of a private key", () => {
    const privateKey = Buffer.alloc(32, 0x48).toString("base64");
    expect(keyPairOf(privateKey)).toEqual({ privateKey, publicKey: "kXeyMnjL8PPRfDbyrMm1XpyF+HsiClOG7DcNZj4g4zc=" });
  });

  it("is another one each time, in the form that wg shows", () => {
    const random = new SimRandom(1);
    const [a, b] = [newKeyPair(random), newKeyPair(random)];
    expect(a.privateKey).not.toBe(b.privateKey);
    expect(keyPairOf(a.privateKey)).toEqual(a);
    const bytes = Buffer.from(a.privateKey, "base64");
    expect([bytes.length, bytes[0]! & 7, bytes[31]! & 0xc0]).toEqual([32, 0, 0x40]);
  });

  it("has a text where it is whole", () => {
    expect(keyText(new Uint8Array(32).fill(7))).toBe(Buffer.alloc(32, 7).toString("base64"));
    expect([keyText(new Uint8Array()), keyText(new Uint8Array(31))]).toEqual(["", ""]);
  });
});
