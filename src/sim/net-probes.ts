import { Fault } from "../lib/fault.ts";
import type { NameHandler } from "../ports/name-sockets.ts";
import type { ListeningSocket, NetProbes, Reached, RulesDifference } from "../ports/net-probes.ts";
import type { SimNetOps } from "./net-ops.ts";
import { NftTables } from "./nft-tables.ts";

/** Looks at a simulated machine's network; what listens there, and how far packets get, a test says. */
export class SimNetProbes implements NetProbes {
  readonly listening: ListeningSocket[] = [];
  /** Bytes of the largest packet that gets to an address; all do where nothing is said. 0: none gets there. */
  readonly room = new Map<string, number>();
  /** Who answers names, by address. */
  readonly names = new Map<string, NameHandler>();
  readonly #machine: SimNetOps;

  constructor(machine: SimNetOps) {
    this.#machine = machine;
  }

  async listeners(ports: ReadonlySet<number>): Promise<readonly ListeningSocket[]> {
    const key = ({ protocol, port, address }: ListeningSocket): string => `${protocol} ${port} ${address}`;
    return this.listening.filter(({ port }) => ports.has(port)).sort((a, b) => (key(a) < key(b) ? -1 : 1));
  }

  async differingRules(table: string, commands: string): Promise<readonly RulesDifference[]> {
    const wanted = new NftTables();
    wanted.run(commands);
    const { rules: actual } = this.#machine;
    const compare = (kind: RulesDifference["kind"], of: (tables: NftTables, name: string) => readonly string[]) => {
      const names = (tables: NftTables): string[] => [...(tables.contents(table)?.[`${kind}s`].keys() ?? [])];
      const [is, ought] = [new Set(names(actual)), new Set(names(wanted))];
      return [...new Set([...is, ...ought])].sort().flatMap((name): RulesDifference[] => {
        if (!is.has(name)) return [{ kind, name, is: "missing" }];
        if (!ought.has(name)) return [{ kind, name, is: "not wanted" }];
        return of(actual, name).join("\n") === of(wanted, name).join("\n") ? [] : [{ kind, name, is: "different" }];
      });
    };
    return [
      ...compare("chain", (tables, name) => tables.rules(table, name) ?? []),
      ...compare("set", (tables, name) => [...tables.elements(table, name)].sort()),
    ];
  }

  async kernel(paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return new Map([...this.#machine.kernel].filter(([path]) => paths.includes(path)));
  }

  async passesForwarding(chain: string): Promise<boolean> {
    return this.#machine.passing.has(chain);
  }

  async askName(server: string, query: Uint8Array): Promise<Uint8Array> {
    const answer = await this.names.get(server)?.(query, server, false);
    if (!answer) throw new Fault("unavailable", `no answer from ${server}`);
    return answer;
  }

  async reach(_from: string, to: string, bytes: number): Promise<Reached> {
    const room = this.room.get(to) ?? Number.POSITIVE_INFINITY;
    if (room === 0) return { kind: "no answer" };
    return bytes > room ? { kind: "too big", mtu: room } : { kind: "answered" };
  }
}
