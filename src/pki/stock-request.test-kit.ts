import { generateKeyPairSync } from "node:crypto";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { encodePem } from "./pem.ts";
import { syncCrypto, syncKey } from "./sync-crypto.ts";

/** A certificate request as a stock Docker Engine makes it: its subject is empty. */
export async function stockRequest(): Promise<Uint8Array> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const keys = { privateKey: syncKey(privateKey), publicKey: syncKey(publicKey) };
  const signingAlgorithm = { name: "ECDSA", hash: "SHA-256" };
  const request = await Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm }, syncCrypto);
  return Buffer.from(encodePem("CERTIFICATE REQUEST", new Uint8Array(request.rawData)));
}
