import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  type Packet,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
} from "dns-packet";
import type { NameHandler, NameSockets } from "../../ports/name-sockets.ts";
import { emptyPlane, type Plane } from "../plane-state.ts";
import { decide, type Rcode } from "./answer.ts";
import { NameTable } from "./name-table.ts";

/** Questions that may wait for this machine's name servers at a time; more are refused. */
const forwardLimit = 512;
/** Bytes of an answer by UDP where the asker says nothing (RFC 1035 4.2.1), and the most whatever it says (RFC 9715). */
const plainLimitBytes = 512;
const extendedLimitBytes = 1232;
const tcpLimitBytes = 65_535;

/** Answers a node's containers: names of their networks from what the managers say, all others as the machine itself would. */
export class Resolver {
  readonly #names: Pick<NameSockets, "ask">;
  #plane: Plane = emptyPlane;
  #leaving: ReadonlySet<string> = new Set();
  #callers: ReadonlyMap<string, readonly string[]> = new Map();
  /** Made when the first question comes after a change. */
  #table: NameTable | undefined;
  #turn = 0;
  #forwarded = 0;

  constructor(names: Pick<NameSockets, "ask">) {
    this.#names = names;
  }

  /** From now on names mean what they do there. `leaving`: tasks about to be stopped. */
  replace(plane: Plane, leaving: ReadonlySet<string>): void {
    this.#plane = plane;
    this.#leaving = leaving;
    this.#table = undefined;
  }

  /** Addresses that containers call from besides those on the plane's networks, and the networks that they are on. */
  setCallers(callers: ReadonlyMap<string, readonly string[]>): void {
    this.#callers = callers;
    this.#table = undefined;
  }

  readonly handler: NameHandler = async (bytes, from, overTcp) => {
    const query = parsed(bytes);
    if (!query) return undefined;
    this.#table ??= new NameTable(this.#plane, this.#leaving, this.#callers);
    this.#turn += 1;
    const decision = decide(query, this.#table, from, this.#turn);
    switch (decision.kind) {
      case "answer":
        return response(query, decision.records, 0, limitOf(query, overTcp));
      case "refuse":
        return response(query, [], decision.rcode, limitOf(query, overTcp));
      case "forward":
        return this.#forward(bytes, query, overTcp);
      default:
        return decision satisfies never;
    }
  };

  async #forward(bytes: Uint8Array, query: Packet, overTcp: boolean): Promise<Uint8Array> {
    const failed = (): Uint8Array => response(query, [], 2, limitOf(query, overTcp));
    if (this.#forwarded >= forwardLimit) return failed();
    this.#forwarded += 1;
    try {
      return await this.#names.ask(bytes, overTcp);
    } catch {
      return failed(); // The asker learns it by the code, and asks again.
    } finally {
      this.#forwarded -= 1;
    }
  }
}

/** Undefined for what is no question: answering answers would make loops. */
function parsed(bytes: Uint8Array): Packet | undefined {
  try {
    const packet = decode(Buffer.from(bytes));
    return packet.type === "query" ? packet : undefined;
  } catch {
    return undefined;
  }
}

function response(query: Packet, answers: readonly Answer[], rcode: Rcode | 0, limitBytes: number): Uint8Array {
  const flags = RECURSION_AVAILABLE | AUTHORITATIVE_ANSWER | ((query.flags ?? 0) & RECURSION_DESIRED) | rcode;
  const { id = 0, questions = [] } = query;
  const whole = encode({ type: "response", id, flags, questions, answers: [...answers] });
  if (whole.length <= limitBytes) return whole;
  return encode({ type: "response", id, flags: flags | TRUNCATED_RESPONSE, questions });
}

function limitOf(query: Packet, overTcp: boolean): number {
  if (overTcp) return tcpLimitBytes;
  const option = query.additionals?.find(each => each.type === "OPT");
  const asked = option && "udpPayloadSize" in option ? option.udpPayloadSize : plainLimitBytes;
  return Math.min(Math.max(asked, plainLimitBytes), extendedLimitBytes);
}
