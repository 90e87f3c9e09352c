import type { Answer, Packet, Question } from "dns-packet";
import type { NameTable } from "./name-table.ts";
import { reversedAddress } from "./reverse.ts";

/** Seconds that an answer may be kept: names follow tasks within a second. */
const ttlSeconds = 1;

/** What becomes of a question. Response codes as in RFC 1035 4.1.1. */
export type Decision =
  /** NOERROR, with what there is: nothing for a name that has no address of the kind asked for. */
  | { readonly kind: "answer"; readonly records: readonly Answer[] }
  | { readonly kind: "refuse"; readonly rcode: Rcode }
  /** A name of the outside world's. */
  | { readonly kind: "forward" };

/** FORMERR, SERVFAIL, NXDOMAIN, NOTIMP. */
export type Rcode = 1 | 2 | 3 | 4;

/** `from`: who asks. `turn`: which of several addresses comes first. */
export function decide(query: Packet, table: NameTable, from: string, turn: number): Decision {
  const [question, ...more] = query.questions ?? [];
  if (query.type !== "query" || !question || more.length > 0) return { kind: "refuse", rcode: 1 };
  if ("opcode" in query && query.opcode !== "QUERY") return { kind: "refuse", rcode: 4 };
  if (question.class !== undefined && question.class !== "IN") return { kind: "forward" };
  const networks = table.networksOf(from);
  return question.type === "PTR"
    ? decideReverse(question, table, networks)
    : decideForward(question, table, networks, turn);
}

function decideForward(
  { name, type }: Question,
  table: NameTable,
  networks: readonly string[],
  turn: number,
): Decision {
  const addresses = table.find(name, networks);
  if (!addresses) return { kind: "forward" };
  const wanted = addresses.filter(address => type === (address.includes(":") ? "AAAA" : "A"));
  const first = wanted.length === 0 ? 0 : turn % wanted.length;
  const records = [...wanted.slice(first), ...wanted.slice(0, first)].map(
    (data): Answer => ({ type: data.includes(":") ? "AAAA" : "A", name, ttl: ttlSeconds, data }),
  );
  return { kind: "answer", records };
}

function decideReverse({ name }: Question, table: NameTable, networks: readonly string[]): Decision {
  const address = reversedAddress(name);
  const found = address === undefined ? undefined : table.nameOf(address, networks);
  if (found === undefined) return { kind: "forward" };
  if (found === "") return { kind: "refuse", rcode: 3 };
  return { kind: "answer", records: [{ type: "PTR", name, ttl: ttlSeconds, data: found }] };
}
