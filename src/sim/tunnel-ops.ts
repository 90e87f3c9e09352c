import { Fault } from "../lib/fault.ts";
import type { ActualPeer, ActualTunnel, TunnelChange, TunnelOps } from "../ports/tunnel-ops.ts";

/** A machine's WireGuard without a machine. */
export class SimTunnelOps implements TunnelOps {
  /** Why it can have no tunnel. */
  reason: string | undefined;
  /** Every change in the order it was made, for tests of that order. */
  readonly done: string[];
  readonly failing = new Set<TunnelChange["do"]>();
  readonly #tunnels = new Map<string, ActualTunnel>();

  constructor(done: string[] = []) {
    this.done = done;
  }

  async obstacle(): Promise<string | undefined> {
    return this.reason;
  }

  async observe(name: string): Promise<ActualTunnel | undefined> {
    return this.#tunnels.get(name);
  }

  async change(name: string, changes: readonly TunnelChange[]): Promise<void> {
    for (const change of changes) {
      if (this.failing.has(change.do)) throw new Fault("internal", `${change.do} fails`);
      this.done.push(change.do);
      this.#tunnels.set(name, changed(this.#tunnels.get(name) ?? empty(name), change));
    }
  }

  async remove(name: string): Promise<void> {
    if (this.#tunnels.delete(name)) this.done.push("remove-tunnel");
  }

  /** The device is gone, as when the program behind it was killed. */
  kill(name: string): void {
    if (this.#tunnels.has(name)) this.#tunnels.set(name, empty(name));
  }
}

function empty(name: string): ActualTunnel {
  return { name, hasDevice: false, privateKey: "", port: 0, address: "", mtu: 0, peers: [] };
}

function changed(tunnel: ActualTunnel, change: TunnelChange): ActualTunnel {
  if (change.do !== "add-device" && !tunnel.hasDevice) throw new Fault("internal", `no device ${tunnel.name}`);
  switch (change.do) {
    case "add-device":
      return { ...empty(tunnel.name), hasDevice: true };
    case "set-key":
      return { ...tunnel, privateKey: change.privateKey, port: change.port, peers: [] };
    case "connect":
      return { ...tunnel, address: change.address, mtu: change.mtu };
    case "set-peers": {
      const others = withoutPeers(tunnel, new Set(change.peers.map(({ key }) => key)));
      return { ...tunnel, peers: [...others, ...change.peers.map(peer => ({ ...peer, agreedAt: 0 }))] };
    }
    case "remove-peers":
      return { ...tunnel, peers: withoutPeers(tunnel, new Set(change.keys)) };
    default:
      return change satisfies never;
  }
}

function withoutPeers({ peers }: ActualTunnel, keys: ReadonlySet<string>): ActualPeer[] {
  return peers.filter(({ key }) => !keys.has(key));
}
