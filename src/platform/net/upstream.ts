import { createSocket } from "node:dgram";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { Fault } from "../../lib/fault.ts";
import { MessageReader, withLength } from "./name-messages.ts";

/** How long one name server has to answer, in milliseconds, before the next is asked. */
const answerTimeoutMs = 2_000;
/** Name servers that are asked, one after the other; as many as the C library asks. */
const serverLimit = 3;
export const namePort = 53;

/** This machine's own name servers, as /etc/resolv.conf has them at each question. */
export class Upstream {
  readonly #isOwn: (address: string) => boolean;
  readonly #file: string;

  /** `isOwn`: addresses that we answer on ourselves, which asking would make a circle. */
  constructor(isOwn: (address: string) => boolean, file = "/etc/resolv.conf") {
    this.#isOwn = isOwn;
    this.#file = file;
  }

  /** The first answer. Fault unavailable when none comes. */
  async ask(query: Uint8Array, overTcp: boolean): Promise<Uint8Array> {
    for (const { address, port } of await this.#servers()) {
      const answer = await (overTcp ? askByTcp(query, address, port) : askByUdp(query, address, port));
      if (answer) return answer;
    }
    throw new Fault("unavailable", "no name server of this machine's answers");
  }

  async #servers(): Promise<{ readonly address: string; readonly port: number }[]> {
    const text = await readFile(this.#file, "utf8").catch(() => "");
    return nameServersIn(text)
      .filter(({ address }) => !this.#isOwn(address))
      .slice(0, serverLimit);
  }
}

/** The servers that a resolv.conf names, in their order. */
export function nameServersIn(text: string): { readonly address: string; readonly port: number }[] {
  return [...text.matchAll(/^\s*nameserver\s+([0-9a-fA-F.:]+)(?:#(\d+))?/gm)].map(([, address = "", port]) => ({
    address,
    port: port === undefined ? namePort : Number(port),
  }));
}

/** Undefined when no answer comes in time, or nobody listens there. */
export function askByUdp(query: Uint8Array, address: string, port: number): Promise<Uint8Array | undefined> {
  return new Promise(resolve => {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    let over = false;
    const finish = (answer?: Uint8Array): void => {
      clearTimeout(timer);
      if (!over) socket.close();
      over = true;
      resolve(answer);
    };
    const timer = setTimeout(finish, answerTimeoutMs);
    socket.on("error", () => finish());
    // Connected: the kernel lets nobody else answer, and tells at once when nobody listens there.
    socket.connect(port, address, (error?: Error) => (error || over ? finish() : socket.send(query)));
    socket.on("message", answer => {
      if (isAnswer(query, answer)) finish(answer);
    });
  });
}

function askByTcp(query: Uint8Array, address: string, port: number): Promise<Uint8Array | undefined> {
  return new Promise(resolve => {
    const socket = connect({ host: address, port, timeout: answerTimeoutMs }, () => socket.write(withLength(query)));
    const reader = new MessageReader();
    const finish = (answer?: Uint8Array): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(finish, answerTimeoutMs);
    socket.once("error", () => finish());
    socket.once("close", () => finish());
    socket.on("data", data => {
      const [answer] = reader.take(data);
      if (answer) finish(answer);
    });
  });
}

function isAnswer(query: Uint8Array, answer: Uint8Array): boolean {
  return answer.length >= 12 && answer[0] === query[0] && answer[1] === query[1];
}
