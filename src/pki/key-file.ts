import { X509Certificate } from "node:crypto";
import { Fault } from "../lib/fault.ts";
import type { Disk } from "../ports/disk.ts";
import { type CredentialTexts, isPair } from "./credentials.ts";
import { decodeKey, encodeKey, type KeyLock } from "./key-lock.ts";
import { identityOf } from "./subject.ts";

/*
 * A node's identity on disk, under SwarmKit's file names. The headers of the key's PEM block carry what must never be
 * separated from the key: the data key of the manager's log, for one.
 *
 * A new key pair is saved in an order that survives a crash between any two steps: the new certificate under a name of
 * its own, then the key (from here on the new pair counts), then the certificate in its place. `loadNodeFiles` takes
 * whichever certificate fits the key.
 */

const certificateFile = "swarm-node.crt";
const nextCertificateFile = "swarm-node.crt.next";
const keyFile = "swarm-node.key";
const rootFile = "swarm-root-ca.crt";
const keyMode = 0o600;
const certificateMode = 0o644;

const dataKeyHeader = "raft-dek";
/** The key that is to take the data key's place: while it is there, the log may be under either. */
const nextDataKeyHeader = "raft-dek-pending";
/** Ours; its value says nothing. */
const logBegunHeader = "shoal-raft-begun";
const logHeaders: ReadonlySet<string> = new Set([dataKeyHeader, nextDataKeyHeader, logBegunHeader]);
/** AES-256. */
export const dataKeyBytes = 32;

/** What is kept in the files. */
export interface NodeFiles extends CredentialTexts {
  /** Headers of the key's PEM block, by name. */
  readonly headers: ReadonlyMap<string, string>;
  /** What the key and secret headers are locked with on the disk. */
  readonly lock: KeyLock;
}

/**
 * The stored identity, or undefined when the directory holds none. Faults: unauthenticated when it is locked and
 * `unlockKey` does not open it, data_loss when the files do not fit.
 */
export async function loadNodeFiles(
  disk: Disk,
  directory: string,
  unlockKey?: Uint8Array,
): Promise<NodeFiles | undefined> {
  const [keyText, rootPem, certificate, next] = await Promise.all(
    [keyFile, rootFile, certificateFile, nextCertificateFile].map(name => readText(disk, `${directory}/${name}`)),
  );
  if (keyText === undefined) return undefined;
  if (rootPem === undefined) throw new Fault("data_loss", `Cannot load the node's identity: no "${rootFile}"`);
  const content = decodeKey(keyText, unlockKey);
  if (!content) throw new Fault("data_loss", `Cannot load the node's identity: no key in "${directory}/${keyFile}"`);
  const { keyPem } = content;
  const certificatePem = [certificate, next].find(text => text !== undefined && isPair(text, keyPem));
  if (certificatePem === undefined)
    throw new Fault("data_loss", `Cannot load the node's identity: no certificate in "${directory}" fits its key`);
  return { certificatePem, rootPem, ...content };
}

/** Whose the stored certificate is, also of a node whose key is locked. Undefined when there is none. */
export async function loadNodeId(disk: Disk, directory: string): Promise<string | undefined> {
  const certificate = await readText(disk, `${directory}/${certificateFile}`);
  return certificate && identityOf(new X509Certificate(certificate).toLegacyObject().subject)?.nodeId;
}

/** Saves an identity; durable when it resolves, and at every moment either the old one or the new is loadable. */
export async function saveNodeFiles(disk: Disk, directory: string, files: NodeFiles): Promise<void> {
  const key = encodeKey(files);
  await disk.makeDirectory(directory);
  const write = (name: string, text: string, mode: number) =>
    disk.replace(`${directory}/${name}`, Buffer.from(text), mode);
  await write(rootFile, files.rootPem, certificateMode);
  await write(nextCertificateFile, files.certificatePem, certificateMode);
  await write(keyFile, key, keyMode);
  await write(certificateFile, files.certificatePem, certificateMode);
  await disk.remove(`${directory}/${nextCertificateFile}`);
}

/** The key that the manager's log is encrypted with (32 bytes). Fault data_loss when the header is damaged. */
export function dataKeyOf(headers: ReadonlyMap<string, string>): Uint8Array | undefined {
  return keyIn(headers, dataKeyHeader);
}

export function withDataKey(headers: ReadonlyMap<string, string>, key: Uint8Array): ReadonlyMap<string, string> {
  return new Map(headers).set(dataKeyHeader, Buffer.from(key).toString("base64"));
}

/** The key that is to take the data key's place, while the log is being encrypted anew. */
export function nextDataKeyOf(headers: ReadonlyMap<string, string>): Uint8Array | undefined {
  return keyIn(headers, nextDataKeyHeader);
}

export function withNextDataKey(headers: ReadonlyMap<string, string>, key: Uint8Array): ReadonlyMap<string, string> {
  return new Map(headers).set(nextDataKeyHeader, Buffer.from(key).toString("base64"));
}

/** The headers once nothing is left under the data key of before. */
export function withChangedDataKey(headers: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const next = nextDataKeyOf(headers);
  if (!next) return headers;
  return withDataKey(new Map([...headers].filter(([name]) => name !== nextDataKeyHeader)), next);
}

/** The headers of a node that keeps no log any more. */
export function withoutLog(headers: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...headers].filter(([name]) => !logHeaders.has(name)));
}

/** Whether there has been a log that the data key is for: without it, a vote may have been forgotten. */
export function hasBegunLog(headers: ReadonlyMap<string, string>): boolean {
  return headers.has(logBegunHeader);
}

export function withBegunLog(headers: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map(headers).set(logBegunHeader, "true");
}

function keyIn(headers: ReadonlyMap<string, string>, name: string): Uint8Array | undefined {
  const text = headers.get(name);
  if (text === undefined) return undefined;
  const key = new Uint8Array(Buffer.from(text, "base64"));
  if (key.length !== dataKeyBytes) throw new Fault("data_loss", `Cannot read the log's key: not ${dataKeyBytes} bytes`);
  return key;
}

async function readText(disk: Disk, path: string): Promise<string | undefined> {
  const bytes = await disk.read(path);
  return bytes && Buffer.from(bytes).toString();
}
