import { join } from "node:path";
import { command, eventually } from "./command.ts";
import type { HostProcess, Namespace } from "./namespace.ts";
import { filesWith } from "./traces.ts";

/** Everything that goes through a lab's switch, written down from `begin` to `end` (tcpdump). */
export class Capture {
  readonly file: string;
  readonly #process: HostProcess;

  private constructor(file: string, process: HostProcess) {
    this.file = file;
    this.#process = process;
  }

  /** Resolves when nothing escapes it any more. `directory` is for its files. */
  static async begin(hub: Namespace, directory: string): Promise<Capture> {
    const file = join(directory, "switch.pcap");
    const whole = ["-s", "0", "-U", "--immediate-mode", "-Z", "root"];
    const process = await hub.spawn(["tcpdump", "-i", "switch", ...whole, "-w", file], join(directory, "tcpdump.log"));
    await eventually("tcpdump to listen", () => {
      if (!process.running) throw new Error(`tcpdump ended: ${process.logTail()}`);
      return process.logTail().includes("listening on") || undefined;
    });
    return new Capture(file, process);
  }

  /** Whether a text was among it, as it is or in base64; up to now. */
  async has(text: string): Promise<boolean> {
    return (await filesWith(text, [this.file])).length > 0;
  }

  /** How many packets a filter in tcpdump's language finds; once it has ended. */
  async count(filter: string): Promise<number> {
    const lines = await command(["tcpdump", "-n", "-r", this.file, filter]);
    return lines.split("\n").filter(Boolean).length;
  }

  async end(): Promise<void> {
    await this.#process.end("SIGTERM");
  }
}
