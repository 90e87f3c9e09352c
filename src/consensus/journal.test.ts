import { expect, it } from "vitest";
import { silentLogger } from "../ports/log.ts";
import { noConfiguration } from "../raft/configuration.ts";
import { settle } from "../sim/clock.ts";
import { SimDisk } from "../sim/disk.ts";
import { SimRandom } from "../sim/random.ts";
import { Journal } from "./journal.ts";
import { aesGcmSealer, dataKeyBytes } from "./sealer.ts";
import { inParts } from "./snapshot-files.ts";

it("has a snapshot's bytes in memory from when a follower needs them until they were sent", async () => {
  const sealer = aesGcmSealer(new Uint8Array(dataKeyBytes), new SimRandom(1));
  const options = { disk: new SimDisk(), directory: "/raft", sealer, log: silentLogger };
  const entries = [1n, 2n, 3n].map(index => ({ kind: "data", data: Uint8Array.of(1), index, term: 1n }) as const);
  const journal = await Journal.create(options, { raftId: 1n, peers: [] }, { entries });
  const data = new TextEncoder().encode("the state");
  const snapshot = { index: 2n, term: 1n, configuration: noConfiguration, data };
  await journal.record(inParts(snapshot), { entries: 0n, oldSnapshots: 0 });
  expect(journal.storage.snapshot()).toBeUndefined();
  await settle();
  expect(journal.storage.snapshot()).toEqual(snapshot);
  journal.forgetSnapshot();
  expect(journal.storage.snapshot()).toBeUndefined();
  await settle();
  expect(journal.storage.snapshot()).toEqual(snapshot);
  await journal.close();
});
