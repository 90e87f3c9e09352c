import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";
import type { Credentials } from "../../src/pki/credentials.ts";
import { parseAddress } from "../../src/rpc/address.ts";
import type { TestSwarm } from "../../src/rpc/identities.test-kit.ts";

const program = fileURLToPath(new URL("listener-target.ts", import.meta.url));
const execArgv = ["--import", "tsx/esm"];

export interface ListenerChildOptions {
  /** Whether it collects its garbage again and again. */
  readonly collects?: boolean;
  /** Beside this process's own. */
  readonly env?: NodeJS.ProcessEnv;
}

/** A manager's listener in a process of its own, so that its abort is seen. */
export class ListenerChild {
  readonly #address: string;
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(process: ChildProcess, ended: Promise<unknown>, address: string) {
    this.#process = process;
    this.#ended = ended;
    this.#address = address;
  }

  static async start(swarm: TestSwarm, { collects, env }: ListenerChildOptions = {}): Promise<ListenerChild> {
    const child = fork(program, [], {
      execArgv: collects ? [...execArgv, "--expose-gc"] : execArgv,
      serialization: "advanced",
      env: { ...process.env, ...env },
    });
    const ended = once(child, "exit").then(([code, signal]) => ({ code, signal }));
    child.send(await swarm.credentials("manager", "manager"));
    const [address] = await once(child, "message");
    return new ListenerChild(child, ended, address);
  }

  /** `alive` if it answers after `ordeal`; else how it ended: code and signal. */
  outlives(ordeal: Promise<unknown>): Promise<unknown> {
    const done = ordeal.then(async () => {
      this.#process.send("alive?");
      return (await once(this.#process, "message"))[0];
    });
    return Promise.race([done, this.#ended]);
  }

  stop(): void {
    if (this.#process.connected) this.#process.disconnect();
  }

  /**
   * A connection for HTTP/2 as who has these credentials, what is below its TLS, and its end. Errors are not reported. Where the peer
   * ends the connection while it is being reset, Node tells of the end of one of the two alone.
   */
  dial({ certificatePem, keyPem, rootPem }: Credentials): { raw: Socket; socket: TLSSocket; gone: Promise<void> } {
    const raw = connectTcp(parseAddress(this.#address));
    const socket = connect({
      socket: raw,
      cert: certificatePem,
      key: keyPem,
      ca: rootPem,
      servername: "swarm-manager",
      ALPNProtocols: ["h2"],
    });
    raw.on("error", () => {});
    socket.on("error", () => {});
    const gone = new Promise<void>(resolve => {
      for (const one of [raw, socket]) one.on("close", () => resolve());
    });
    return { raw, socket, gone };
  }
}
