import { expect, it } from "vitest";
import { noConfiguration } from "../raft/configuration.ts";
import { SimDisk } from "../sim/disk.ts";
import { SimRandom } from "../sim/random.ts";
import { aesGcmSealer, dataKeyBytes } from "./sealer.ts";
import { inParts, SnapshotFiles } from "./snapshot-files.ts";

const mebibyte = 1024 * 1024;

/** Notes the size of each part that it is given to write. */
class WatchedDisk extends SimDisk {
  readonly written: number[] = [];

  override replace(path: string, content: Uint8Array | Iterable<Uint8Array>): Promise<void> {
    const parts = content instanceof Uint8Array ? [content] : [...content];
    this.written.push(...parts.map(part => part.byteLength));
    return super.replace(path, parts);
  }
}

it("seals and writes a big state in parts, also when it is sealed anew, and reads it whole", async () => {
  const disk = new WatchedDisk();
  const sealer = aesGcmSealer(new Uint8Array(dataKeyBytes), new SimRandom(1));
  const files = new SnapshotFiles({ disk, directory: "/raft", sealer });
  const data = new Uint8Array(5 * mebibyte + 7).map((_, at) => at % 251);
  const snapshot = { index: 8n, term: 2n, configuration: noConfiguration, data };
  for (const write of [() => files.write(inParts(snapshot)), () => files.reseal()]) {
    disk.written.length = 0;
    const size = await write();
    const total = disk.written.reduce((sum, bytes) => sum + bytes, 0);
    expect(size ?? total).toBe(total);
    expect(Math.max(...disk.written)).toBeLessThanOrEqual(mebibyte);
    const read = await files.newest();
    expect(Buffer.from(read?.data ?? []).equals(data)).toBe(true);
    expect(read).toMatchObject({ index: 8n, term: 2n });
  }
});
