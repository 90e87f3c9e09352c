import { open, rename, rm } from "node:fs/promises";
import { CliError } from "./failure.ts";

/** For its owner alone. */
const mode = 0o600;

/** Writes a file that is there whole and on the disk, or not at all; one that was there before is replaced. */
export async function writeWhole(path: string, content: Uint8Array): Promise<void> {
  const fresh = `${path}.part`;
  try {
    const file = await open(fresh, "w", mode);
    try {
      await file.chmod(mode);
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(fresh, path);
  } catch (cause) {
    await rm(fresh, { force: true });
    throw new CliError(`Cannot write "${path}": ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
