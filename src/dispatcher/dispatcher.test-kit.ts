import { create } from "@bufbuild/protobuf";
import { type Cluster, newMeta } from "../model/objects.ts";
import { toDuration } from "../model/time.ts";
import { silentLogger } from "../ports/log.ts";
import { noMeters } from "../ports/meters.ts";
import type { Random } from "../ports/random.ts";
import { type Client, type Listener, register } from "../ports/transport.ts";
import { SimClock } from "../sim/clock.ts";
import { SimRandom } from "../sim/random.ts";
import { sampleNode } from "../sim/samples.ts";
import { newSimStore, type SimStore } from "../sim/store.ts";
import { SimNetwork } from "../sim/transport.ts";
import { Dispatcher as DispatcherService } from "../wire/gen/docker/swarmkit/v1/dispatcher_pb.ts";
import { ClusterSchema } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { ClusterSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { AnnotationsSchema, NodeStatus_State, NodeStatusSchema } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { Dispatcher } from "./dispatcher.ts";

export const managerHost = "10.0.0.1";
export const managerAddress = `${managerHost}:2377`;

export function sampleCluster(heartbeatMs?: number): Cluster {
  const dispatcher = heartbeatMs === undefined ? {} : { dispatcher: { heartbeatPeriod: toDuration(heartbeatMs) } };
  return {
    ...create(ClusterSchema, { id: "cluster", rootCa: { caCert: Buffer.from("root certificate") } }),
    meta: newMeta(),
    spec: { ...create(ClusterSpecSchema, dispatcher), annotations: create(AnnotationsSchema, { name: "default" }) },
  };
}

/** Chance that always falls in the middle, so that heartbeat periods are what is configured. Ids differ all the same. */
export class MiddleRandom implements Random {
  readonly #ids = new SimRandom();

  float(): number {
    return 0.5;
  }

  bytes(count: number): Uint8Array {
    return this.#ids.bytes(count);
  }
}

/** A leading manager with a store, and hosts that call it over a simulated network. */
export class ManagerWorld {
  readonly clock = new SimClock();
  readonly network = new SimNetwork({ clock: this.clock });
  readonly store: SimStore = newSimStore({ clock: this.clock });
  /** What was measured, in order: "sessions 1", "heartbeat", "lost". */
  readonly measured: string[] = [];
  dispatcher = this.#newDispatcher();
  listener: Listener | undefined;

  /** Nodes are known to the swarm and down; they have the ids given. */
  async start(nodeIds: readonly string[]): Promise<void> {
    await this.store.update(tx => {
      tx.cluster.create(sampleCluster());
      for (const id of nodeIds) {
        const status = create(NodeStatusSchema, { state: NodeStatus_State.UNKNOWN });
        tx.node.create({ ...sampleNode(id), status });
      }
    });
    await this.lead();
  }

  /** This manager becomes the leader. */
  async lead(): Promise<void> {
    this.dispatcher = this.#newDispatcher();
    await this.dispatcher.start();
    const handlers = register(DispatcherService, this.dispatcher.handlers);
    this.listener = await this.network.transport(managerHost).listen(managerAddress, [handlers]);
  }

  async stopLeading(): Promise<void> {
    this.dispatcher.stop();
    await this.listener?.close();
  }

  client(nodeId: string, host = nodeId): Client<typeof DispatcherService> {
    const caller = { nodeId, role: "worker", clusterId: "cluster" } as const;
    return this.network.transport(host, caller).connect(managerAddress).client(DispatcherService);
  }

  stateOf(nodeId: string): string | undefined {
    const node = this.store.view(tx => tx.node.get(nodeId));
    return node && `${NodeStatus_State[node.status.state]} ${node.status.message}`.trim();
  }

  #newDispatcher(): Dispatcher {
    const { store, clock } = this;
    const peers = () => [{ nodeId: "manager", addr: managerAddress }];
    const meters = {
      ...noMeters,
      sessions: (open: number) => void this.measured.push(`sessions ${open}`),
      heartbeat: () => void this.measured.push("heartbeat"),
      nodeLost: () => void this.measured.push("lost"),
    };
    const parts = { store, clock, random: new MiddleRandom(), log: silentLogger, meters };
    return new Dispatcher({ ...parts, nodeId: "manager", peers });
  }
}
