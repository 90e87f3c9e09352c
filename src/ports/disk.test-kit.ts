import { describe, expect, it } from "vitest";
import type { Disk } from "./disk.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (content: Uint8Array | undefined): string | undefined => content && new TextDecoder().decode(content);

/** What every disk must do. `make` gives a disk and an empty directory on it. */
export function diskContract(name: string, make: () => Promise<{ disk: Disk; directory: string }>): void {
  describe(`${name} as a disk`, () => {
    it("answers undefined for a file that is not there", async () => {
      const { disk, directory } = await make();
      expect(await disk.read(`${directory}/none`)).toBeUndefined();
      expect(await disk.list(`${directory}/none`)).toEqual([]);
    });

    it("replaces a file as one", async () => {
      const { disk, directory } = await make();
      await disk.replace(`${directory}/a`, bytes("first"));
      await disk.replace(`${directory}/a`, bytes("second"));
      expect(text(await disk.read(`${directory}/a`))).toBe("second");
      expect(await disk.list(directory)).toEqual(["a"]);
    });

    it("replaces a file by what comes in parts, or leaves it", async () => {
      const { disk, directory } = await make();
      await disk.replace(`${directory}/a`, [bytes("one "), new Uint8Array(0), bytes("two")]);
      expect(text(await disk.read(`${directory}/a`))).toBe("one two");
      function* broken(): Iterable<Uint8Array> {
        yield bytes("three");
        throw new Error("no more");
      }
      await expect(disk.replace(`${directory}/a`, broken())).rejects.toThrow("no more");
      expect(text(await disk.read(`${directory}/a`))).toBe("one two");
    });

    it("appends, and goes on where the file ended", async () => {
      const { disk, directory } = await make();
      const first = await disk.openAppend(`${directory}/log`);
      await first.append([bytes("one "), bytes("two ")]);
      await first.sync();
      expect(first.size).toBe(8);
      await first.close();
      const second = await disk.openAppend(`${directory}/log`);
      expect(second.size).toBe(8);
      await second.append([bytes("three")]);
      expect(text(await disk.read(`${directory}/log`))).toBe("one two three");
      await second.truncate(3);
      await second.append([bytes("!")]);
      await second.close();
      expect(text(await disk.read(`${directory}/log`))).toBe("one!");
    });

    it("reserves room, and gives it back", async () => {
      const { disk, directory } = await make();
      const file = await disk.openAppend(`${directory}/log`, 1_000);
      await file.append([bytes("one")]);
      await file.sync();
      await file.append([bytes(" two")]);
      expect(file.size).toBe(7);
      const room = await disk.read(`${directory}/log`);
      expect(room?.subarray(7).every(byte => byte === 0)).toBe(true);
      await file.truncate(3);
      await file.append([bytes("!".repeat(2_000))]);
      await file.close();
      expect(text(await disk.read(`${directory}/log`))).toBe(`one${"!".repeat(2_000)}`);
      const again = await disk.openAppend(`${directory}/log`, 1_000);
      expect(again.size).toBe(2_003);
      await again.close();
    });

    it("makes a file of one that is not needed any more, all of it reserved", async () => {
      const { disk, directory } = await make();
      const [old, spare, fresh] = [`${directory}/old`, `${directory}/spare`, `${directory}/new`];
      await disk.replace(spare, bytes("of another time"));
      await disk.replace(old, bytes("not needed any more"));
      await disk.recycle(old, spare);
      expect(await disk.list(directory)).toEqual(["spare"]);
      const file = await disk.openAppend(fresh, 10, spare);
      expect(file.size).toBe(0);
      await file.append([bytes("one")]);
      await file.sync();
      expect(await disk.list(directory)).toEqual(["new"]);
      const content = await disk.read(fresh);
      expect(text(content?.subarray(0, 3))).toBe("one");
      expect(content?.subarray(3).every(byte => byte === 0)).toBe(true);
      await file.close();
      expect(text(await disk.read(fresh))).toBe("one");
    });

    it("takes nothing spare for a file that is there, and does without where there is nothing", async () => {
      const { disk, directory } = await make();
      const [old, spare, log] = [`${directory}/old`, `${directory}/spare`, `${directory}/log`];
      await disk.replace(old, bytes("not needed any more"));
      await disk.recycle(old, spare);
      await disk.replace(log, bytes("one"));
      const there = await disk.openAppend(log, 10, spare);
      await there.append([bytes(" two")]);
      await there.close();
      expect(text(await disk.read(log))).toBe("one two");
      const without = await disk.openAppend(`${directory}/fresh`, 10, `${directory}/none`);
      await without.append([bytes("three")]);
      await without.close();
      expect(text(await disk.read(`${directory}/fresh`))).toBe("three");
      await expect(disk.recycle(`${directory}/none`, spare)).rejects.toMatchObject({ code: "not_found" });
    });

    it("removes files and directories, also when they are gone", async () => {
      const { disk, directory } = await make();
      await disk.makeDirectory(`${directory}/deep/er`);
      await disk.replace(`${directory}/deep/er/x`, bytes("x"));
      await disk.remove(`${directory}/deep`);
      await disk.remove(`${directory}/deep`);
      expect(await disk.list(`${directory}/deep/er`)).toEqual([]);
      expect(await disk.read(`${directory}/deep/er/x`)).toBeUndefined();
    });
  });
}
