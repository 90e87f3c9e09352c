import { same } from "../../lib/same.ts";
import type { Cluster, Node, Service } from "../../model/objects.ts";
import type { Task } from "../../model/task.ts";
import { tunnelSecretOf } from "../../model/tunnel-secret.ts";
import { type Sides, sidesOf } from "../../store/sides.ts";
import type { ReadTx, StoreEvent } from "../../store/tx.ts";
import { isEndpointNews, isReady } from "./endpoint-item.ts";
import { meshPortsOf, networksOf } from "./items.ts";
import type { PlaneNews } from "./news.ts";
import { PlaneWatcher } from "./plane-watcher.ts";

/**
 * Tells the streams of those nodes that a change concerns, and no others: nodes are found by the networks that they are on. A
 * change costs as much as it concerns nodes.
 */
export class PlaneWatch {
  readonly #byNode = new Map<string, PlaneWatcher>();
  readonly #byNetwork = new Map<string, Set<PlaneWatcher>>();

  readonly #listeners = new Set<() => void>();

  /** Begins to tell a node's stream; it is to look at everything once by itself. */
  open(tx: ReadTx, nodeId: string, wake: () => void): PlaneWatcher {
    const watcher = new PlaneWatcher(nodeId, wake);
    this.#byNode.set(nodeId, watcher);
    const node = tx.node.get(nodeId);
    if (node) this.#enter(watcher, networksOf(node));
    return watcher;
  }

  close(watcher: PlaneWatcher): void {
    if (this.#byNode.get(watcher.nodeId) === watcher) this.#byNode.delete(watcher.nodeId);
    for (const [id, watchers] of this.#byNetwork)
      if (watchers.delete(watcher) && watchers.size === 0) this.#byNetwork.delete(id);
  }

  watcherOf(nodeId: string): PlaneWatcher | undefined {
    return this.#byNode.get(nodeId);
  }

  /** The node has brought in force what it was told, up to this number. */
  confirm(nodeId: string, number: bigint): void {
    this.#byNode.get(nodeId)?.confirm(number);
    this.#notify();
  }

  /** Calls `listener` whenever a node has confirmed something, or may be no longer one that does. Returns what ends that. */
  onConfirmed(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  see(event: StoreEvent): void {
    if (this.#byNode.size === 0) return;
    const { id } = event.object;
    switch (event.kind) {
      case "task": {
        const { before, after } = sidesOf(event);
        if (!isEndpointNews(before, after)) return;
        const withdrawn = before !== undefined && isReady(before) && !(after && isReady(after));
        this.#tell(networksOfTasks(before, after), news => {
          news.tasks.add(id);
          news.withdrawn ||= withdrawn;
        });
        return;
      }
      case "service":
        this.#service(id, sidesOf(event));
        return;
      case "node":
        this.#node(id, sidesOf(event));
        return;
      case "network":
        this.#tell([id], news => news.networks.add(id));
        return;
      case "cluster":
        this.#cluster(sidesOf(event));
        return;
      default:
        return;
    }
  }

  #cluster({ before, after }: Sides<Cluster>): void {
    if (same(tunnelSecretOf(before), tunnelSecretOf(after))) return;
    for (const watcher of this.#byNode.values())
      tell(watcher, news => {
        news.tunnels = true;
      });
  }

  #service(id: string, { before, after }: Sides<Service>): void {
    if (before && after && before.spec === after.spec && before.endpoint === after.endpoint) return;
    const both = [before, after].flatMap(service => service ?? []);
    if (both.some(service => meshPortsOf(service).length > 0)) {
      for (const watcher of this.#byNode.values()) tell(watcher, news => news.services.add(id));
      return;
    }
    const networks = both.flatMap(({ spec }) => [...spec.task.networks, ...spec.networks].map(({ target }) => target));
    this.#tell(networks, news => news.services.add(id));
  }

  #node(id: string, { before, after }: Sides<Node>): void {
    if (before?.status.state !== after?.status.state) this.#notify();
    if (before && after && looksTheSame(before, after)) return;
    const own = this.#byNode.get(id);
    if (own) {
      if (after) this.#enter(own, networksOf(after));
      tell(own, news => {
        news.self = true;
      });
    }
    const networks = [before, after].flatMap(node => (node ? [...networksOf(node)] : []));
    this.#tell(networks, news => news.nodes.add(id));
  }

  /** Networks that a node has left stay noted until its stream ends: that costs a look, and forgets nothing. */
  #enter(watcher: PlaneWatcher, networks: ReadonlySet<string>): void {
    for (const id of networks) {
      const watchers = this.#byNetwork.get(id);
      if (watchers) watchers.add(watcher);
      else this.#byNetwork.set(id, new Set([watcher]));
    }
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #tell(networks: Iterable<string>, note: (news: PlaneNews) => void): void {
    for (const id of new Set(networks)) for (const watcher of this.#byNetwork.get(id) ?? []) tell(watcher, note);
  }
}

function tell(watcher: PlaneWatcher, note: (news: PlaneNews) => void): void {
  note(watcher.news);
  watcher.wake();
}

function networksOfTasks(...tasks: readonly (Task | undefined)[]): string[] {
  return tasks.flatMap(task => task?.networks.flatMap(({ network }) => network?.id ?? []) ?? []);
}

function looksTheSame(before: Node, after: Node): boolean {
  return (
    before.attachments === after.attachments &&
    before.status.addr === after.status.addr &&
    before.spec === after.spec &&
    same(before.description, after.description)
  );
}
