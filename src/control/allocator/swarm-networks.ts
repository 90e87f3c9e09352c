import { isAllocated, isIngress, isOverlay } from "../../model/network.ts";
import type { Network } from "../../model/objects.ts";
import type { ReadTx } from "../../store/tx.ts";
import { type Problem, until } from "./problem.ts";

/** The swarm's networks as one decision sees them. */
export class SwarmNetworks {
  readonly #tx: ReadTx;
  readonly #problems: ReadonlyMap<string, string>;
  #ingress: Network | undefined;

  /** `problems`: why networks are not allocated, by id. */
  constructor(tx: ReadTx, problems: ReadonlyMap<string, string>) {
    this.#tx = tx;
    this.#problems = problems;
  }

  /** The network if it has what it needs, or why it cannot be used. */
  ready(id: string): Network | Problem {
    const network = this.#tx.network.get(id);
    if (!network) return lacking(`waits for network allocation: network ${id} not found`, until.network(id));
    if (isAllocated(network)) return this.#checked(network);
    const reason = this.#problems.get(id);
    // Nothing is said of what will be there in a moment.
    const text = reason === undefined ? "" : `waits for network allocation: ${reason}`;
    return lacking(text, until.network(id));
  }

  /** The network of the routing mesh. */
  ingress(): Network | Problem {
    this.#ingress ??= this.#findIngress();
    if (!this.#ingress) return lacking("there is no ingress network to publish ports on", until.ingress);
    return this.ready(this.#ingress.id);
  }

  #findIngress(): Network | undefined {
    for (const network of this.#tx.network.all()) if (isIngress(network)) return network;
    return undefined;
  }

  #checked(network: Network): Network | Problem {
    const driver = network.driverState?.name ?? "";
    if (isOverlay(network) || nodeNetworks.has(driver)) return network;
    const reason = `no node serves ${driver} networks, create one with the driver overlay instead`;
    const text = `waits for network allocation: network "${network.spec.annotations.name}": ${reason}`;
    return lacking(text, until.network(network.id));
  }
}

function lacking(text: string, until: string): Problem {
  return { lacks: "a network", text, until };
}

/** Networks that every node has by itself; a task on them needs no address of the swarm's. */
const nodeNetworks: ReadonlySet<string> = new Set(["host", "bridge"]);
