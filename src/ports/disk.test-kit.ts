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
