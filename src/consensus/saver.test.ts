import { expect, it } from "vitest";
import { silentLogger } from "../ports/log.ts";
import type { Save } from "../raft/ready.ts";
import { SimClock, settle } from "../sim/clock.ts";
import { SimDisk } from "../sim/disk.ts";
import { SimRandom } from "../sim/random.ts";
import { Journal } from "./journal.ts";
import { Saver } from "./saver.ts";
import { aesGcmSealer, dataKeyBytes } from "./sealer.ts";

const directory = "/raft";

function saveOf(index: bigint): Save {
  const entry = { kind: "data", index, term: 1n, data: new Uint8Array(100) } as const;
  return { snapshot: undefined, entries: [entry], hardState: undefined, mustSync: true };
}

it("hands the first save to the disk at once, and all that come meanwhile together after it", async () => {
  const disk = new SimDisk();
  const sealer = aesGcmSealer(new Uint8Array(dataKeyBytes), new SimRandom(1));
  const journal = await Journal.create({ disk, directory, sealer, log: silentLogger }, { raftId: 1n, peers: [] });
  const written = async () => (await disk.read(`${directory}/wal-0000000000000001.log`))?.length ?? 0;
  const saved: number[] = [];
  const fail = () => expect.unreachable("the disk is whole");
  const clock = new SimClock();
  const onSaved = (saves: readonly Save[], lastNumber: number) => saved.push(saves.length, lastNumber);
  const saver = new Saver({ journal, clock, onSaved, onFull: fail, onBroken: fail });
  const before = await written();
  saver.add(1, saveOf(1n));
  // What is read is what is there at the time of the call.
  const during = written();
  saver.add(2, saveOf(2n));
  saver.add(3, saveOf(3n));
  expect(saved).toEqual([]);
  await settle();
  expect(await during).toBeGreaterThan(before + 100);
  expect(saved).toEqual([1, 1, 2, 3]);
  expect(journal.storage.lastIndex).toBe(3n);
  await saver.close();
  await journal.close();
});
