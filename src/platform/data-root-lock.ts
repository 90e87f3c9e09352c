import { unlink } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { Fault } from "../lib/fault.ts";
import { checkSocketPath } from "../lib/unix-socket.ts";

/**
 * Keeps a second daemon off a data root: whoever listens on the socket in it owns it, and the kernel lets go when the
 * process dies, however it dies. Fault failed_precondition when another daemon owns it.
 */
export async function lockDataRoot(directory: string): Promise<{ release(): Promise<void> }> {
  const path = join(directory, "owner.sock");
  checkSocketPath(path);
  if (await answers(path))
    throw new Fault("failed_precondition", `Cannot use the data root "${directory}": another daemon runs on it`);
  await unlink(path).catch(() => {});
  const server = createServer(socket => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  return { release: () => new Promise(resolve => server.close(() => resolve())) };
}

function answers(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path);
    const answer = (value: boolean): void => {
      socket.destroy();
      resolve(value);
    };
    socket.on("connect", () => answer(true));
    socket.on("error", () => answer(false));
  });
}
