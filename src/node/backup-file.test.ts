import { describe, expect, it } from "vitest";
import { systemRandom } from "../platform/random.ts";
import { openBackup, sealBackup } from "./backup-file.ts";

const content = Buffer.from("every object of the swarm, and the root's key");
const passphrase = "correct horse battery";
/** Cheap, so that many files can be tried. */
const cost = { logN: 1, r: 1, p: 1 };
const sealed = await sealBackup(content, passphrase, systemRandom, cost);

function altered(at: number, value?: number): Uint8Array {
  const copy = Uint8Array.from(sealed);
  copy[at] = value ?? (copy[at] ?? 0) ^ 1;
  return copy;
}

describe("a backup file", () => {
  it("opens with its passphrase, and holds what was sealed", async () => {
    expect(Buffer.from(await openBackup(sealed, passphrase)).equals(content)).toBe(true);
    expect(Buffer.from(sealed).includes("root's key")).toBe(false);
  });

  it("opens however the passphrase's accents were typed", async () => {
    const composed = await sealBackup(content, "pass\u00e9-phrase", systemRandom, cost);
    expect(Buffer.from(await openBackup(composed, "passe\u0301-phrase")).equals(content)).toBe(true);
  });

  it("is another one each time", async () => {
    const again = await sealBackup(content, passphrase, systemRandom, cost);
    expect(Buffer.from(again).equals(Buffer.from(sealed))).toBe(false);
  });

  it("takes much memory and time to guess at, by default", async () => {
    const [logN, r, p] = (await sealBackup(content, passphrase, systemRandom)).subarray(13, 16);
    expect({ logN, r, p }).toEqual({ logN: 17, r: 8, p: 1 });
  });

  it("wants a passphrase that is worth one", async () => {
    await expect(sealBackup(content, "1234567", systemRandom)).rejects.toMatchObject({ code: "invalid_argument" });
  });

  it("does not open with another passphrase", async () => {
    await expect(openBackup(sealed, "correct horse batterz")).rejects.toMatchObject({
      code: "invalid_argument",
      message: "Cannot use the backup: the passphrase is wrong, or its header was altered",
    });
  });

  it("does not open with any byte altered", async () => {
    for (let at = 0; at < sealed.length; at += 1)
      await expect(openBackup(altered(at), passphrase), `byte ${at}`).rejects.toMatchObject({
        code: "invalid_argument",
      });
  });

  it("does not open cut short anywhere, or with more behind it", async () => {
    for (let end = 0; end < sealed.length; end += 1)
      await expect(openBackup(sealed.subarray(0, end), passphrase), `${end} bytes`).rejects.toMatchObject({
        code: "invalid_argument",
      });
    await expect(openBackup(Buffer.concat([sealed, Buffer.of(0)]), passphrase)).rejects.toThrow("1 bytes too many");
  });

  it("says what is wrong", async () => {
    await expect(openBackup(Buffer.from("PK\u0003\u0004 a zip"), passphrase)).rejects.toThrow(
      "it is no backup of Shoal's",
    );
    await expect(openBackup(altered(12, 9), passphrase)).rejects.toThrow("it has format 9, this version knows 1");
    await expect(openBackup(sealed.subarray(0, -1), passphrase)).rejects.toThrow(
      `${sealed.length - 1} of ${sealed.length}`,
    );
    await expect(openBackup(altered(sealed.length - 20), passphrase)).rejects.toThrow(
      "it was altered after it was made",
    );
  });

  it("does not let a header ask for all memory", async () => {
    await expect(openBackup(altered(13, 40), passphrase)).rejects.toThrow("N=2^40, r=1, p=1, which is refused");
  });
});
