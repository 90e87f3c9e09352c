import { beforeAll, describe, expect, it } from "vitest";
import type { Disk } from "../ports/disk.ts";
import type { Caller } from "../ports/transport.ts";
import { SimDisk } from "../sim/disk.ts";
import {
  dataKeyOf,
  loadNodeFiles,
  type NodeFiles,
  nextDataKeyOf,
  saveNodeFiles,
  withChangedDataKey,
  withDataKey,
  withNextDataKey,
  withoutLog,
} from "./key-file.ts";
import { noLock } from "./key-lock.ts";
import { newNodeKey, newRequest } from "./node-key.ts";
import { RootCa } from "./root-ca.ts";

const directory = "/data/certificates";
const node: Caller = { nodeId: "node1", role: "worker", clusterId: "cluster1" };
const dataKey = new Uint8Array(32).fill(9);

let first: NodeFiles;
let second: NodeFiles;

beforeAll(async () => {
  const ca = await RootCa.create(0);
  const fresh = async (headers: NodeFiles["headers"]): Promise<NodeFiles> => {
    const keyPem = newNodeKey();
    const certificatePem = await ca.sign(await newRequest(keyPem), node, 0);
    return { certificatePem, keyPem, rootPem: ca.certificatePem, headers, lock: noLock };
  };
  first = await fresh(withDataKey(new Map([["theirs", "kept"]]), dataKey));
  second = await fresh(first.headers);
});

/** A disk whose n-th write or removal (from 0) and all later ones fail. */
function failingFrom(disk: Disk, step: number): Disk {
  let left = step;
  const guard = async () => {
    if (left-- <= 0) throw new Error("the machine is down");
  };
  return {
    read: path => disk.read(path),
    list: path => disk.list(path),
    openAppend: path => disk.openAppend(path),
    recycle: (path, spare) => disk.recycle(path, spare),
    makeDirectory: path => disk.makeDirectory(path),
    replace: (path, content, mode) => guard().then(() => disk.replace(path, content, mode)),
    remove: path => guard().then(() => disk.remove(path)),
  };
}

describe("the node's files", () => {
  it("come back as they were saved, the log's key with them", async () => {
    const disk = new SimDisk();
    await saveNodeFiles(disk, directory, first);
    const loaded = await loadNodeFiles(disk, directory);
    expect(loaded).toEqual(first);
    expect(dataKeyOf(loaded!.headers)).toEqual(dataKey);
    expect(await disk.list(directory)).toEqual(["swarm-node.crt", "swarm-node.key", "swarm-root-ca.crt"]);
  });

  it("keep both of the log's keys while one takes the other's place", () => {
    const next = new Uint8Array(32).fill(10);
    const changing = withNextDataKey(first.headers, next);
    expect([dataKeyOf(changing), nextDataKeyOf(changing)]).toEqual([dataKey, next]);
    const changed = withChangedDataKey(changing);
    expect([dataKeyOf(changed), nextDataKeyOf(changed)]).toEqual([next, undefined]);
    expect(withChangedDataKey(changed)).toEqual(changed);
    expect(withoutLog(changing)).toEqual(new Map([["theirs", "kept"]]));
  });

  it("are unreadable under a lock without its key, and nothing secret is left in clear", async () => {
    const disk = new SimDisk();
    await saveNodeFiles(disk, directory, first);
    const unlockKey = new Uint8Array(32).fill(1);
    const locked: NodeFiles = { ...first, lock: { key: unlockKey, version: 12n } };
    await saveNodeFiles(disk, directory, locked);
    const text = Buffer.from((await disk.read(`${directory}/swarm-node.key`))!).toString();
    expect(text).toContain("BEGIN ENCRYPTED PRIVATE KEY");
    expect(text).toContain("kek-version: 12\n");
    expect(text).not.toContain(Buffer.from(dataKey).toString("base64"));
    for (const key of [undefined, new Uint8Array(32).fill(2)])
      await expect(loadNodeFiles(disk, directory, key)).rejects.toMatchObject({ code: "unauthenticated" });
    const opened = await loadNodeFiles(disk, directory, unlockKey);
    expect(opened).toEqual(locked);
    const inClear = { ...first, lock: { key: new Uint8Array(), version: 13n } };
    await saveNodeFiles(disk, directory, inClear);
    expect(await loadNodeFiles(disk, directory)).toEqual(inClear);
  });

  it("are none in an empty directory", async () => {
    expect(await loadNodeFiles(new SimDisk(), directory)).toBeUndefined();
  });

  it.each([0, 1, 2, 3, 4])("are the old or the new whole when saving stops at step %i", async step => {
    const disk = new SimDisk();
    await saveNodeFiles(disk, directory, first);
    await expect(saveNodeFiles(failingFrom(disk, step), directory, second)).rejects.toThrow("the machine is down");
    expect(await loadNodeFiles(disk, directory)).toEqual(step < 3 ? first : second);
    await saveNodeFiles(disk, directory, second);
    expect(await loadNodeFiles(disk, directory)).toEqual(second);
  });

  it("are reported when the certificate is not the key's, or the root is gone", async () => {
    const disk = new SimDisk();
    await saveNodeFiles(disk, directory, first);
    await disk.replace(`${directory}/swarm-node.crt`, Buffer.from(second.certificatePem));
    await expect(loadNodeFiles(disk, directory)).rejects.toMatchObject({ code: "data_loss" });
    await disk.remove(`${directory}/swarm-root-ca.crt`);
    await expect(loadNodeFiles(disk, directory)).rejects.toThrow("swarm-root-ca.crt");
  });

  it("have no key for a log that was never encrypted, and say when it is damaged", () => {
    expect(dataKeyOf(new Map())).toBeUndefined();
    expect(() => dataKeyOf(new Map([["raft-dek", "AAAA"]]))).toThrow("not 32 bytes");
  });
});
