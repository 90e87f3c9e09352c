import { decode, encode } from "dns-packet";
import { asFault } from "../../lib/fault.ts";
import { families, familyOf } from "../addresses.ts";
import { NameTable } from "../dns/name-table.ts";
import type { LocalNetwork } from "../local-networks.ts";
import type { Plane } from "../plane-state.ts";
import { error, type Finding } from "./finding.ts";

/** Names asked for on one network; of more, the first by their letters. */
const namesPerNetwork = 100;

/** One name to ask a node's resolver for. */
export interface NameQuestion {
  readonly server: string;
  readonly networkId: string;
  readonly network: string;
  readonly name: string;
  readonly type: "A" | "AAAA";
}

/** For each network that names are answered on: every service's own, and what is answered for its tasks. */
export function nameQuestions(plane: Plane, networks: readonly LocalNetwork[]): NameQuestion[] {
  const table = new NameTable(plane, new Set());
  return networks.flatMap(({ network, gateways }) => {
    const [server] = gateways;
    if (network.ingress || server === undefined) return [];
    const types = families.filter(family => network.subnets.some(({ cidr }) => familyOf(cidr) === family));
    const names = [...plane.services.values()]
      .flatMap(({ name }) => [name, `tasks.${name}`])
      .filter(name => table.find(name, [network.id]) !== undefined)
      .sort()
      .slice(0, namesPerNetwork);
    return names.flatMap(name =>
      types.map(family => {
        const type: NameQuestion["type"] = family === 4 ? "A" : "AAAA";
        return { server, networkId: network.id, network: network.name, name, type };
      }),
    );
  });
}

/** Asks, and compares with what `plane` says at the moment of the answer. */
export async function nameFinding(
  question: NameQuestion,
  ask: (server: string, query: Uint8Array) => Promise<Uint8Array>,
  plane: () => Plane,
  leaving: ReadonlySet<string>,
): Promise<Finding[]> {
  const { server, networkId, network, name, type } = question;
  const subject = `network ${network}`;
  let answered: string[];
  try {
    const query = encode({ type: "query", id: 1, questions: [{ name, type, class: "IN" }] });
    answered = addressesIn(await ask(server, query), type);
  } catch (fault) {
    return [error(subject, `names are not answered on ${server}: ${asFault(fault).message}`)];
  }
  const known = new NameTable(plane(), leaving).find(name, [networkId]) ?? [];
  const wanted = known.filter(address => (familyOf(address) === 6 ? "AAAA" : "A") === type);
  if ([...answered].sort().join() === [...wanted].sort().join()) return [];
  return [error(subject, `${name} is answered with ${listed(answered)}, and is ${listed(wanted)}`)];
}

function addressesIn(answer: Uint8Array, type: NameQuestion["type"]): string[] {
  const { answers = [] } = decode(Buffer.from(answer));
  return answers.flatMap(each => (each.type === type && "data" in each ? [String(each.data)] : []));
}

function listed(addresses: readonly string[]): string {
  return addresses.length === 0 ? "nothing" : addresses.join(", ");
}
