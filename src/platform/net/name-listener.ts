import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { createServer, type Server, type Socket } from "node:net";
import type { NameHandler } from "../../ports/name-sockets.ts";
import { MessageReader, withLength } from "./name-messages.ts";

const namePort = 53;
/** Connections at a time; more wait to be taken. */
const connectionLimit = 100;
/** A connection that says nothing for so long is closed, in milliseconds. */
const idleMs = 10_000;
/** Questions of one connection that are worked on at a time; more end it. */
const pipelineLimit = 32;

/** Port 53 of one address, UDP and TCP. */
export class NameListener {
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #connections = new Set<Socket>();
  readonly #handler: NameHandler;
  #isOpen = true;

  private constructor(handler: NameHandler, address: string) {
    this.#handler = handler;
    this.#udp = createSocket(address.includes(":") ? "udp6" : "udp4");
    this.#tcp = createServer(socket => this.#serve(socket));
    this.#tcp.maxConnections = connectionLimit;
  }

  /** Resolves when both are listened on; rejects with the reason, and nothing is left open. */
  static async open(address: string, handler: NameHandler, port = namePort): Promise<NameListener> {
    const listener = new NameListener(handler, address);
    try {
      await listener.#bind(address, port);
      return listener;
    } catch (error) {
      await listener.close();
      throw error;
    }
  }

  /** False once an error has closed it: the address was taken away, for one. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The port that is listened on. */
  get port(): number {
    return this.#udp.address().port;
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    for (const socket of this.#connections) socket.destroy();
    await Promise.all([
      new Promise<void>(resolve => ignoreClosed(() => this.#udp.close(resolve), resolve)),
      new Promise<void>(resolve => this.#tcp.close(() => resolve())),
    ]);
  }

  async #bind(address: string, port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#udp.once("error", reject);
      this.#udp.bind(port, address, resolve);
    });
    await new Promise<void>((resolve, reject) => {
      this.#tcp.once("error", reject);
      this.#tcp.listen(this.port, address, resolve);
    });
    const broken = (): void => {
      this.#isOpen = false;
    };
    this.#udp.on("error", broken);
    this.#tcp.on("error", broken);
    this.#udp.on("message", (query, { address: from, port: to }) => {
      void this.#answer(query, from, false).then(answer => {
        // Who has asked may be gone by now.
        if (answer && this.#isOpen) this.#udp.send(answer, to, from, () => {});
      });
    });
  }

  /** A message that cannot be worked on is not answered: nobody may end the daemon by asking. */
  async #answer(query: Uint8Array, from: string, overTcp: boolean): Promise<Uint8Array | undefined> {
    try {
      return await this.#handler(query, from, overTcp);
    } catch {
      return undefined;
    }
  }

  #serve(socket: Socket): void {
    const reader = new MessageReader();
    let working = 0;
    this.#connections.add(socket);
    socket.setTimeout(idleMs, () => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#connections.delete(socket));
    socket.on("data", data => {
      for (const query of reader.take(data)) {
        working += 1;
        if (working > pipelineLimit) return void socket.destroy();
        void this.#answer(query, socket.remoteAddress ?? "", true).then(answer => {
          working -= 1;
          if (!answer) socket.destroy();
          else if (!socket.destroyed) socket.write(withLength(answer));
        });
      }
    });
  }
}

/** A UDP socket that was never bound, or is closed, says so by throwing. */
function ignoreClosed(close: () => void, otherwise: () => void): void {
  try {
    close();
  } catch {
    otherwise();
  }
}
