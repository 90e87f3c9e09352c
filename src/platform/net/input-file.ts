import { randomUUID } from "node:crypto";
import { open, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Calls `use` with the descriptor of a file that holds the text, for a program's standard input: nft cannot read what Node gives one
 * otherwise. The file has no name any more, so nothing of it is left when this process is killed.
 */
export async function withInputFile<T>(text: string, use: (descriptor: number) => T): Promise<T> {
  const path = join(tmpdir(), `shoal-input-${randomUUID()}`);
  await writeFile(path, text, { flag: "wx", mode: 0o600 });
  const file = await open(path).finally(() => unlink(path));
  try {
    return use(file.fd);
  } finally {
    await file.close();
  }
}
