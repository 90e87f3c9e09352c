import type { Quorum } from "../control/quorum.ts";
import type { Running } from "../control/runner.ts";
import { startControl } from "../control/start.ts";
import { Dispatcher } from "../dispatcher/dispatcher.ts";
import { NetworkDoctor } from "../dispatcher/doctor/network-doctor.ts";
import { LogBroker } from "../dispatcher/log-broker.ts";
import { Fault } from "../lib/fault.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";
import { type Meters, noMeters } from "../ports/meters.ts";
import type { Random } from "../ports/random.ts";
import type { Store } from "../store/store.ts";
import { findCluster } from "../store/the-cluster.ts";
import { ManagerPeers } from "./manager-peers.ts";
import { recordPredefinedNetworks } from "./predefined-networks.ts";
import { TaskTimes } from "./task-times.ts";

export interface LeaderUnitParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly meters?: Meters | undefined;
  /** This manager's node. */
  readonly nodeId: string;
  readonly quorum: Quorum;
}

/** What only the leader does, for one reign: control loops, dispatcher and log broker, started and stopped as one. */
export class LeaderUnit {
  readonly dispatcher: Dispatcher;
  readonly broker: LogBroker;
  readonly doctor: NetworkDoctor;
  readonly #parts: LeaderUnitParts;
  readonly #peers: ManagerPeers;
  #loops: Running | undefined;
  #times: TaskTimes | undefined;
  #silent = false;

  constructor(parts: LeaderUnitParts) {
    this.#parts = parts;
    this.#peers = new ManagerPeers({ ...parts, onChange: () => this.dispatcher.peersChanged() });
    this.dispatcher = new Dispatcher({ ...parts, peers: () => this.#peers.current });
    this.broker = new LogBroker(parts);
    this.doctor = new NetworkDoctor(parts);
  }

  /** Resolves when agents are served. Fault data_loss when there is no swarm in the log, unavailable when silenced meanwhile. */
  async start(): Promise<void> {
    const { store, random } = this.#parts;
    await store.update(tx => {
      if (!findCluster(tx)) throw new Fault("data_loss", "Cannot lead: there is no swarm in this manager's log");
      recordPredefinedNetworks(tx, random);
    });
    this.#refuseSilent();
    this.#times = new TaskTimes(store, this.#parts.clock, this.#parts.meters ?? noMeters);
    this.#loops = startControl(this.#parts);
    this.#peers.start();
    this.broker.start();
    this.doctor.start();
    await this.dispatcher.start();
    this.#refuseSilent();
  }

  /** Lets go of agents and readers of logs at once: they are to look for the new leader. */
  silence(): void {
    if (this.#silent) return;
    this.#silent = true;
    this.#peers.stop();
    this.#times?.stop();
    this.dispatcher.stop();
    this.broker.stop();
    this.doctor.stop();
  }

  /** Resolves when nothing of it writes any more. */
  async stop(): Promise<void> {
    this.silence();
    await this.#loops?.stop();
  }

  #refuseSilent(): void {
    if (this.#silent) throw new Fault("unavailable", "this manager leads no more");
  }
}
