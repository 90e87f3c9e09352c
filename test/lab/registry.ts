import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { command, eventually } from "./command.ts";
import { busyboxArchive } from "./image.ts";
import type { HostProcess, Namespace } from "./namespace.ts";

/** Found from here: the host's processes do not start in this folder. */
const tsx = createRequire(import.meta.url).resolve("tsx");

/** The login that the registry wants, where it wants one. */
export const registryUser = { name: "tester", password: "let me in" } as const;

/**
 * A registry in a host, with one image of two layers under any name and the tags `1` and `latest`: a busybox. Names below
 * `open/` are for everybody, all others want {@link registryUser}; the second layer of one that ends in `slow` is held
 * back until {@link Registry.release}.
 */
export class Registry {
  /** `127.0.0.1:PORT`: what stands before an image's name, in its own host alone. */
  readonly address: string;
  readonly #process: HostProcess;
  readonly #dir: string;

  private constructor(address: string, server: HostProcess, dir: string) {
    this.address = address;
    this.#process = server;
    this.#dir = dir;
  }

  static async start(namespace: Namespace, dir: string): Promise<Registry> {
    await mkdir(dir, { recursive: true });
    const log = join(dir, "registry.log");
    const layers = [await busyboxArchive(dir), await secondLayer(dir)];
    const argv = [process.execPath, "--import", tsx, join(import.meta.dirname, "registry-server.ts")];
    const login = `${registryUser.name}:${registryUser.password}`;
    const server = await namespace.spawn([...argv, login, join(dir, "gate"), ...layers], log);
    const port = await eventually("the registry listens", async () => {
      if (!server.running) throw new Error(`the registry ended: ${server.logTail()}`);
      return /^(\d+)\n/.exec(await readFile(log, "utf8"))?.[1];
    });
    return new Registry(`127.0.0.1:${port}`, server, dir);
  }

  /** The arguments and input of `docker login`. */
  get login(): { readonly input: string; readonly args: readonly string[] } {
    return { input: registryUser.password, args: ["login", "-u", registryUser.name, "--password-stdin", this.address] };
  }

  /** What was asked of it: `STATUS METHOD PATH`. */
  async requests(): Promise<string[]> {
    return (await readFile(this.#process.logFile, "utf8")).trim().split("\n").slice(1);
  }

  /** Lets the layers go that are held back. */
  async release(): Promise<void> {
    await writeFile(join(this.#dir, "gate"), "");
  }

  async close(): Promise<void> {
    await this.#process.end();
    await rm(this.#dir, { recursive: true, force: true });
  }
}

async function secondLayer(dir: string): Promise<string> {
  const [root, archive] = [join(dir, "second"), join(dir, "second.tar")];
  await mkdir(root);
  await writeFile(join(root, "second"), "the second layer\n");
  await command(["tar", "--owner=0", "--group=0", "-C", root, "-cf", archive, "."]);
  return archive;
}
