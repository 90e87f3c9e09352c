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

/** What a saver does to a disk; `bytes` of its log are there now. */
async function savesOnDisk() {
  const disk = new SimDisk();
  const sealer = aesGcmSealer(new Uint8Array(dataKeyBytes), new SimRandom(1));
  const journal = await Journal.create({ disk, directory, sealer, log: silentLogger }, { raftId: 1n, peers: [] });
  const saved: number[] = [];
  const fail = () => expect.unreachable("the disk is whole");
  const onSaved = (saves: readonly Save[], lastNumber: number) => saved.push(saves.length, lastNumber);
  const saver = new Saver({ journal, clock: new SimClock(), onSaved, onFull: fail, onBroken: fail });
  return {
    ...{ saver, saved, journal },
    // What is read is what is there at the time of the call.
    bytes: async () => (await disk.read(`${directory}/wal-0000000000000001.log`))?.length ?? 0,
    async close() {
      await saver.close();
      await journal.close();
    },
  };
}

it("hands the first save to the disk at once, and all that come meanwhile together after it", async () => {
  const { saver, saved, journal, bytes, close } = await savesOnDisk();
  const before = await bytes();
  saver.add(1, saveOf(1n));
  const during = bytes();
  saver.add(2, saveOf(2n));
  saver.add(3, saveOf(3n));
  expect(saved).toEqual([]);
  await settle();
  expect(await during).toBeGreaterThan(before + 100);
  expect(saved).toEqual([1, 1, 2, 3]);
  expect(journal.storage.lastIndex).toBe(3n);
  await close();
});

it("lets what was sent go first, and keeps the order of the saves", async () => {
  const { saver, saved, journal, bytes, close } = await savesOnDisk();
  const before = await bytes();
  let wasSent = false;
  saver.add(1, saveOf(1n), true);
  // As many promises as lie between a message and its way out.
  const sent = (async () => {
    for (let at = 0; at < 20; at++) await Promise.resolve();
    wasSent = true;
    return bytes();
  })();
  expect(await sent).toBe(before);
  saver.add(2, saveOf(2n));
  await settle();
  expect(wasSent).toBe(true);
  expect(saved).toEqual([2, 2]);
  expect(journal.storage.lastIndex).toBe(2n);
  await close();
});

it("does not begin what waits for the sends once it is closed", async () => {
  const { saver, saved, bytes, close } = await savesOnDisk();
  const before = await bytes();
  saver.add(1, saveOf(1n), true);
  await saver.close();
  await settle();
  expect([saved, await bytes()]).toEqual([[], before]);
  await close();
});
