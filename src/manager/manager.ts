import { caServices } from "../ca/services.ts";
import { aesGcmSealer } from "../consensus/sealer.ts";
import { SingleLog } from "../consensus/single-log.ts";
import { startControl } from "../control/start.ts";
import { controlApi } from "../controlapi/control-api.ts";
import { Dispatcher } from "../dispatcher/dispatcher.ts";
import { LogBroker } from "../dispatcher/log-broker.ts";
import { Fault } from "../lib/fault.ts";
import type { Cluster, Node } from "../model/objects.ts";
import type { Clock } from "../ports/clock.ts";
import type { Disk } from "../ports/disk.ts";
import type { Logger } from "../ports/log.ts";
import type { Random } from "../ports/random.ts";
import {
  type Caller,
  type Client,
  type Listener,
  type Registration,
  register,
  type Transport,
} from "../ports/transport.ts";
import { Store } from "../store/store.ts";
import type { ReadTx, StoreEvent } from "../store/tx.ts";
import { Control } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { Dispatcher as DispatcherService } from "../wire/gen/docker/swarmkit/v1/dispatcher_pb.ts";
import { LogBroker as LogBrokerService, Logs } from "../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import { localClient } from "./local-client.ts";
import { recordPredefinedNetworks } from "./predefined-networks.ts";
import { recordManager } from "./record-manager.ts";

export interface ManagerOptions {
  /** Who this manager is, from its certificate. */
  readonly self: Caller;
  /** HOST:PORT each. */
  readonly listenAddress: string;
  readonly advertiseAddress: string;
  readonly transport: Transport;
  readonly disk: Disk;
  /** Directory of the log; nothing else may be in it. */
  readonly directory: string;
  /** The key that log and snapshots are sealed with. */
  readonly dataKey: Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** What a new swarm begins with; undefined when there is one already. */
  readonly founding?: { readonly cluster: Cluster; readonly node: Node };
  /** Called when this manager cannot go on: its log cannot be written any more. */
  readonly onBroken: (fault: Fault) => void;
}

/** A manager's services as one unit: the store and its log, the loops, and what agents and clients call. */
export class Manager {
  readonly control: Client<typeof Control>;
  readonly logs: Client<typeof Logs>;
  readonly #store: Store;
  /** What `stop` undoes, last first. */
  readonly #stops: (() => Promise<void> | void)[] = [];

  private constructor(store: Store, control: Client<typeof Control>, logs: Client<typeof Logs>) {
    this.#store = store;
    this.control = control;
    this.logs = logs;
  }

  /** Resolves when the swarm's state is loaded and agents can connect. Fault when the log is damaged or the address taken. */
  static async start(options: ManagerOptions): Promise<Manager> {
    const { self, clock, random, log, advertiseAddress, transport } = options;
    const store = new Store({ clock });
    const parts = { store, clock, random, log };
    const handlers = controlApi(parts);
    const broker = new LogBroker(parts);
    const peers = () => [{ nodeId: self.nodeId, addr: advertiseAddress }];
    const dispatcher = new Dispatcher({ ...parts, nodeId: self.nodeId, peers });
    const manager = new Manager(store, localClient(Control, handlers, self), localClient(Logs, broker.logs, self));
    const registrations: Registration[] = [
      register(Control, handlers),
      register(DispatcherService, dispatcher.handlers),
      register(Logs, broker.logs),
      register(LogBrokerService, broker.agents),
      ...caServices({ ...parts, admit: turnManagersAway }),
    ];
    try {
      await manager.#load(options);
      const loops = startControl(parts);
      manager.#stops.push(() => loops.stop());
      manager.#stops.push(() => dispatcher.stop());
      await dispatcher.start();
      broker.start();
      manager.#stops.push(() => broker.stop());
      const listener = await transport.listen(options.listenAddress, registrations);
      manager.#stops.push(() => listener.close(), disconnectRemoved(store, listener));
    } catch (error) {
      await manager.stop();
      throw error;
    }
    return manager;
  }

  /** Committed changes from now on; see `SwarmBackend.changes`. */
  changes(signal: AbortSignal): AsyncIterable<StoreEvent> {
    return this.#store.watch({ signal });
  }

  /** Index of the last log entry that the swarm's state has taken in. */
  get version(): bigint {
    return this.#store.version;
  }

  /** Reads the swarm's state, as it is committed. */
  view<T>(callback: (tx: ReadTx) => T): T {
    return this.#store.view(callback);
  }

  /** Whether a node was removed from the swarm, whatever its certificate says. */
  isRemoved(nodeId: string): boolean {
    return this.#store.view(tx => tx.node.get(nodeId) === undefined);
  }

  /** Stops serving; running tasks go on. */
  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop();
  }

  async #load({ founding, self, advertiseAddress, ...options }: ManagerOptions): Promise<void> {
    const sealer = aesGcmSealer(options.dataKey, options.random);
    const log = await SingleLog.open({ ...options, sealer, store: this.#store });
    this.#stops.push(() => log.close());
    if (!founding && this.#store.version === 0n)
      throw new Fault("not_found", `Cannot start the manager: its log in "${options.directory}" is empty`);
    await this.#store.update(tx => {
      if (founding) {
        tx.cluster.create(founding.cluster);
        tx.node.create(founding.node);
      }
      recordManager(tx, self.nodeId, advertiseAddress);
      recordPredefinedNetworks(tx, options.random);
    });
  }
}

/** A second manager needs a log that both keep. */
function turnManagersAway(role: Caller["role"]): void {
  if (role === "manager")
    throw new Fault(
      "invalid_argument",
      "Cannot join as a manager: this version runs a single manager; use the worker token",
    );
}

/** A removed node's connections end at once: its certificate still holds. */
function disconnectRemoved(store: Store, listener: Listener): () => void {
  return store.onCommit(events => {
    for (const event of events)
      if (event.kind === "node" && event.action === "remove") listener.disconnect(event.object.id);
  });
}
