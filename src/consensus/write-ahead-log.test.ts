import { describe, expect, it } from "vitest";
import { silentLogger } from "../ports/log.ts";
import { SimDisk } from "../sim/disk.ts";
import { SimRandom } from "../sim/random.ts";
import { aesGcmSealer, dataKeyBytes } from "./sealer.ts";
import { WriteAheadLog } from "./write-ahead-log.ts";

const directory = "/raft";
const key = new Uint8Array(dataKeyBytes).fill(7);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const head = "head";
/** What a text ends with. */
const markOf = (payload: Uint8Array): bigint => BigInt(/[0-9]+$/.exec(new TextDecoder().decode(payload))?.[0] ?? 0);
const write = (text: string) => ({ payload: [bytes(text)], mark: markOf(bytes(text)) });

function open(disk: SimDisk, segmentBytes = 400, sealKey = key) {
  const sealer = aesGcmSealer(sealKey, new SimRandom(9));
  return WriteAheadLog.open({
    ...{ disk, directory, sealer, log: silentLogger, segmentBytes, markOf },
    head: () => bytes(head),
  });
}

async function contents(disk: SimDisk): Promise<string[]> {
  const { log, payloads } = await open(disk);
  await log.close();
  return payloads.map(payload => new TextDecoder().decode(payload));
}

const withoutHeads = (texts: readonly string[]): string[] => texts.filter(text => text !== head);

const segmentsOf = async (disk: SimDisk): Promise<string[]> =>
  (await disk.list(directory)).filter(name => name.startsWith("wal-"));

async function written(disk: SimDisk, ...batches: string[][]): Promise<WriteAheadLog> {
  const { log } = await open(disk);
  for (const batch of batches) await log.append(batch.map(write));
  return log;
}

describe("the write-ahead log", () => {
  it("gives back what was appended, over several segments", async () => {
    const disk = new SimDisk();
    const many = Array.from({ length: 20 }, (_, at) => [`entry ${at}`, `and ${at}`]);
    await (await written(disk, ...many)).close();
    const segments = (await disk.list(directory)).length;
    expect(segments).toBeGreaterThan(3);
    const found = await contents(disk);
    expect(withoutHeads(found)).toEqual(many.flat());
    expect(found[0]).toBe(head);
    expect(found.length - many.flat().length).toBe(segments);
  });

  it("drops the segments a snapshot stands for, and reads on from there", async () => {
    const disk = new SimDisk();
    const log = await written(disk, ...Array.from({ length: 20 }, (_, at) => [`entry ${at}`]));
    const before = await segmentsOf(disk);
    await log.dropThrough(12n);
    expect((await segmentsOf(disk)).length).toBeLessThan(before.length);
    await log.append([write("after 20")]);
    await log.close();
    const found = await contents(disk);
    expect(found[0]).toBe(head);
    expect(withoutHeads(found)).toEqual(expect.arrayContaining(["entry 13", "entry 19", "after 20"]));
    expect(found).not.toContain("entry 1");
  });

  it("writes over a segment that was dropped instead of making another one, and without that where it cannot", async () => {
    const disk = new SimDisk();
    const log = await written(disk, ...Array.from({ length: 20 }, (_, at) => [`entry ${at}`]));
    await log.dropThrough(6n);
    disk.failNext("recycle", "data_loss");
    for (let at = 20; at < 40; at++) {
      await log.append([write(`entry ${at}`)]);
      await log.dropThrough(BigInt(at - 13));
    }
    const spares = (await disk.list(directory)).filter(name => name.startsWith("spare-"));
    expect(spares.length).toBeGreaterThan(0);
    expect(spares.length).toBeLessThanOrEqual(4);
    await log.close();
    expect(withoutHeads(await contents(disk)).slice(-14)).toEqual(
      Array.from({ length: 14 }, (_, at) => `entry ${at + 26}`),
    );
  });

  it("keeps nothing in clear", async () => {
    const disk = new SimDisk();
    await (await written(disk, ["very secret"])).close();
    for (const name of await disk.list(directory))
      expect(Buffer.from((await disk.read(`${directory}/${name}`)) ?? []).includes("secret")).toBe(false);
  });

  it("refuses damage with file and offset, and guesses nothing", async () => {
    const disk = new SimDisk();
    await (await written(disk, ["a"], ["b"], ["c"])).close();
    const [name] = await disk.list(directory);
    disk.corrupt(`${directory}/${name}`, 60);
    await expect(open(disk)).rejects.toThrow(`"${directory}/${name}": damaged at byte 56`);
  });

  it("refuses a log with a segment missing", async () => {
    const disk = new SimDisk();
    await (await written(disk, ...Array.from({ length: 20 }, (_, at) => [`entry ${at}`]))).close();
    const [, second] = await disk.list(directory);
    await disk.remove(`${directory}/${second}`);
    await expect(open(disk)).rejects.toThrow(/records \d+ to \d+ are missing/);
  });

  it("refuses another manager's key", async () => {
    const disk = new SimDisk();
    await (await written(disk, ["a"])).close();
    await expect(open(disk, 400, new Uint8Array(dataKeyBytes).fill(8))).rejects.toThrow("sealed with another key");
  });

  it("goes on after a full disk, with nothing of the failed append", async () => {
    const disk = new SimDisk();
    const log = await written(disk, ["a"]);
    disk.failNext("append", "resource_exhausted");
    await expect(log.append([write("lost"), write("too")])).rejects.toMatchObject({ code: "resource_exhausted" });
    await log.append([write("b")]);
    await log.close();
    expect(await contents(disk)).toEqual([head, "a", "b"]);
  });

  it("gives up what it keeps to write over when the disk is full", async () => {
    const disk = new SimDisk();
    const log = await written(disk, ...Array.from({ length: 20 }, (_, at) => [`entry ${at}`]));
    await log.dropThrough(12n);
    const segments = await segmentsOf(disk);
    expect(await disk.list(directory)).not.toEqual(segments);
    disk.failNext("append", "resource_exhausted");
    await expect(log.append([write("entry 20")])).rejects.toMatchObject({ code: "resource_exhausted" });
    expect(await disk.list(directory)).toEqual(segments);
    await log.append([write("entry 21")]);
    await log.close();
    expect(withoutHeads(await contents(disk)).slice(-2)).toEqual(["entry 19", "entry 21"]);
  });

  it("never writes again after a failed sync", async () => {
    const disk = new SimDisk();
    const log = await written(disk, ["a"]);
    disk.failNext("sync", "data_loss");
    await expect(log.append([write("b")])).rejects.toMatchObject({ code: "data_loss" });
    await expect(log.append([write("c")])).rejects.toMatchObject({ code: "data_loss" });
  });

  it("loses nothing that was answered, whatever moment the power is cut", async () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = new SimRandom(seed);
      const disk = new SimDisk();
      const answered: string[] = [];
      for (let life = 0; life < 4; life++) {
        const { log, payloads } = await open(disk);
        const found = withoutHeads(payloads.map(payload => new TextDecoder().decode(payload)));
        expect(found.slice(0, answered.length), `seed ${seed}`).toEqual(answered);
        answered.splice(0, answered.length, ...found);
        for (let batch = 0; batch < random.float() * 6; batch++) {
          const texts = Array.from({ length: 1 + Math.floor(random.float() * 4) }, (_, at) => `${life}.${batch}.${at}`);
          if (random.float() < 0.15) disk.failNext("sync", "data_loss");
          const done = await log.append(texts.map(write)).then(
            () => true,
            () => false,
          );
          if (!done) break;
          answered.push(...texts);
        }
        disk.crash(random);
      }
    }
  });

  it("has all that was not dropped, whatever moment the power is cut", async () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = new SimRandom(seed);
      const disk = new SimDisk();
      let [dropped, answered] = [0, 0];
      for (let life = 0; life < 4; life++) {
        const { log, payloads } = await open(disk);
        const found = withoutHeads(payloads.map(payload => new TextDecoder().decode(payload))).map(Number);
        const [first = dropped + 1] = found;
        expect(found, `seed ${seed}`).toEqual(found.map((_, at) => first + at));
        expect(first, `seed ${seed}`).toBeLessThanOrEqual(dropped + 1);
        const last = found.at(-1) ?? 0;
        expect(last, `seed ${seed}`).toBeGreaterThanOrEqual(answered);
        answered = last;
        for (let batch = 0; batch < random.float() * 20; batch++) {
          if (random.float() < 0.1) disk.failNext("recycle", "data_loss");
          const appending = log.append([write(`${answered + 1}`)]);
          const wanted = answered - Math.floor(random.float() * 4);
          if (random.float() < 0.5 && wanted > dropped) {
            dropped = wanted;
            await log.dropThrough(BigInt(wanted));
          }
          await appending;
          answered += 1;
        }
        disk.crash(random);
      }
    }
  });
});
