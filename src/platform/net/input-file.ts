import { randomUUID } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Calls `use` with the descriptor of a file that holds the text, for a program's standard input: nft cannot read what Node gives one
 * otherwise. The file has no name any more then, so nothing of it is left when this process is killed. What `use` returns is given
 * at once: nothing that happens to a program which it starts is missed.
 */
export async function withInputFile<T>(text: string, use: (descriptor: number) => T): Promise<T> {
  const path = join(tmpdir(), `shoal-input-${randomUUID()}`);
  const descriptor = await writeFile(path, text, { flag: "wx", mode: 0o600 })
    .then(() => openSync(path, "r"))
    .finally(() => unlink(path));
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
