import { createHash, createPublicKey, type KeyObject, randomFillSync, sign, verify } from "node:crypto";

/**
 * What the X.509 library needs of WebCrypto, done with node:crypto's synchronous calls. WebCrypto works on threads of
 * its own, so when its promises settle is up to the machine: too random for a simulated cluster, and slower.
 * Nodes have ECDSA keys alone; a root CA that somebody brings along may have an RSA key.
 */
export interface SyncKey {
  readonly type: "public" | "private";
  readonly algorithm:
    | { readonly name: "ECDSA"; readonly namedCurve: string }
    | { readonly name: "RSASSA-PKCS1-v1_5"; readonly hash: { readonly name: "SHA-256" } };
  readonly extractable: boolean;
  readonly usages: readonly string[];
  readonly key: KeyObject;
}

/** WebCrypto names of the curves that node certificates may use, by OpenSSL's names. */
const CURVES: Readonly<Record<string, string>> = {
  prime256v1: "P-256",
  secp384r1: "P-384",
  secp521r1: "P-521",
};

/** A key in the form the library hands back to `syncCrypto`. Throws TypeError for a key that is not elliptic. */
export function syncKey(key: KeyObject): SyncKey {
  const namedCurve = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ""];
  if (key.asymmetricKeyType !== "ec" || !namedCurve || key.type === "secret")
    throw new TypeError("only ECDSA keys on P-256, P-384 and P-521 are supported");
  return {
    type: key.type,
    algorithm: { name: "ECDSA", namedCurve },
    extractable: true,
    usages: [key.type === "private" ? "sign" : "verify"],
    key,
  };
}

/** SwarmKit: shorter RSA keys are no keys. */
const minRsaBits = 2048;

/** As `syncKey`, for the key of a root CA. Throws TypeError for one that is neither elliptic nor RSA of 2048 bits or more. */
export function rootKey(key: KeyObject): SyncKey {
  if (key.asymmetricKeyType !== "rsa" || key.type === "secret") return syncKey(key);
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < minRsaBits)
    throw new TypeError(`RSA keys of less than ${minRsaBits} bits are not supported`);
  return {
    type: key.type,
    algorithm: { name: "RSASSA-PKCS1-v1_5", hash: { name: "SHA-256" } },
    extractable: true,
    usages: [key.type === "private" ? "sign" : "verify"],
    key,
  };
}

interface SignatureAlgorithm {
  readonly hash: string | { readonly name: string };
}

/** "SHA-256" as OpenSSL spells it. */
function hashName({ hash }: SignatureAlgorithm): string {
  return (typeof hash === "string" ? hash : hash.name).replace("-", "").toLowerCase();
}

/** WebCrypto's signatures are the two numbers side by side (IEEE P1363), not DER. */
const dsaEncoding = "ieee-p1363";

const subtle = {
  async digest(algorithm: string, data: ArrayBuffer): Promise<ArrayBuffer> {
    const digest = createHash(algorithm.replace("-", "").toLowerCase()).update(new Uint8Array(data)).digest();
    return new Uint8Array(digest).buffer;
  },
  async exportKey(_format: "spki", key: SyncKey): Promise<ArrayBuffer> {
    return new Uint8Array(key.key.export({ type: "spki", format: "der" })).buffer;
  },
  async importKey(_format: "spki", data: ArrayBuffer): Promise<SyncKey> {
    return syncKey(createPublicKey({ key: Buffer.from(data), type: "spki", format: "der" }));
  },
  async sign(algorithm: SignatureAlgorithm, key: SyncKey, data: ArrayBuffer): Promise<ArrayBuffer> {
    const signature = sign(hashName(algorithm), new Uint8Array(data), { key: key.key, dsaEncoding });
    return new Uint8Array(signature).buffer;
  },
  async verify(algorithm: SignatureAlgorithm, key: SyncKey, signature: ArrayBuffer, data: ArrayBuffer) {
    const options = { key: key.key, dsaEncoding } as const;
    return verify(hashName(algorithm), new Uint8Array(data), options, new Uint8Array(signature));
  },
};

export const syncCrypto = {
  subtle,
  getRandomValues: <T extends NodeJS.ArrayBufferView>(array: T): T => randomFillSync(array),
};
