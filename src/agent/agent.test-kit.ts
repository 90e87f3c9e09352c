import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { MiddleRandom, managerAddress, managerHost, sampleCluster } from "../dispatcher/dispatcher.test-kit.ts";
import { Dispatcher } from "../dispatcher/dispatcher.ts";
import { LogBroker } from "../dispatcher/log-broker.ts";
import type { Task } from "../model/task.ts";
import { silentLogger } from "../ports/log.ts";
import { type Client, type Listener, register } from "../ports/transport.ts";
import { SimClock } from "../sim/clock.ts";
import { SimDisk } from "../sim/disk.ts";
import { SimMachine } from "../sim/machine.ts";
import { SimRandom } from "../sim/random.ts";
import { SimRuntime } from "../sim/runtime.ts";
import { sampleNode, sampleTask } from "../sim/samples.ts";
import { newSimStore } from "../sim/store.ts";
import { SimNetwork } from "../sim/transport.ts";
import { Dispatcher as DispatcherService } from "../wire/gen/docker/swarmkit/v1/dispatcher_pb.ts";
import { LogBroker as LogBrokerService, Logs } from "../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import { type ContainerSpecSchema, TaskSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { NodeStatus_State, NodeStatusSchema, TaskState } from "../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { Usage } from "../wire/gen/shoal/v1/usage_pb.ts";
import { Agent, type AgentOptions } from "./agent.ts";

/** One node: a machine that outlives the agents that come and go on it. */
export interface SimWorker {
  readonly nodeId: string;
  readonly machine: SimMachine;
  readonly disk: SimDisk;
  runtime: SimRuntime;
  agent: Agent;
}

/** A manager that can lose the lead and come back, and nodes with agents, in one process. */
export class SwarmWorld {
  readonly clock = new SimClock();
  readonly network = new SimNetwork({ clock: this.clock });
  readonly store = newSimStore({ clock: this.clock, encode: true });
  /** Whether the manager takes reports of usage; a stock one does not. */
  measures = true;
  #leading: { dispatcher: Dispatcher; broker: LogBroker; listener: Listener } | undefined;

  async start(nodeIds: readonly string[]): Promise<void> {
    await this.store.update(tx => {
      tx.cluster.create(sampleCluster());
      const status = create(NodeStatusSchema, { state: NodeStatus_State.UNKNOWN });
      for (const id of nodeIds) tx.node.create({ ...sampleNode(id), status });
    });
    await this.lead();
  }

  async lead(): Promise<void> {
    const { store, clock } = this;
    const parts = { store, clock, random: new MiddleRandom(), log: silentLogger };
    const peers = () => [{ nodeId: "manager", addr: managerAddress }];
    const dispatcher = new Dispatcher({ ...parts, nodeId: "manager", peers });
    const broker = new LogBroker(parts);
    await dispatcher.start();
    broker.start();
    const listener = await this.network
      .transport(managerHost)
      .listen(managerAddress, [
        register(DispatcherService, dispatcher.handlers),
        register(LogBrokerService, broker.agents),
        register(Logs, broker.logs),
        ...(this.measures ? [register(Usage, dispatcher.usage)] : []),
      ]);
    this.#leading = { dispatcher, broker, listener };
  }

  async stopLeading(): Promise<void> {
    this.#leading?.dispatcher.stop();
    this.#leading?.broker.stop();
    await this.#leading?.listener.close();
  }

  /** A node with a running agent. */
  worker(nodeId: string, options: Partial<AgentOptions> = {}): SimWorker {
    const machine = new SimMachine({ clock: this.clock, hostname: nodeId });
    const disk = new SimDisk();
    const runtime = new SimRuntime(machine, nodeId);
    return { nodeId, machine, disk, ...this.#boot(nodeId, disk, runtime, options) };
  }

  /** The agent ends and another starts, on the same machine and disk. */
  async restart(worker: SimWorker): Promise<void> {
    await this.stop(worker);
    Object.assign(worker, this.#boot(worker.nodeId, worker.disk, new SimRuntime(worker.machine, worker.nodeId)));
  }

  async stop(worker: SimWorker): Promise<void> {
    const stopped = worker.agent.stop();
    await this.clock.advance(0);
    await stopped;
  }

  /** Lets what is due now happen, statuses and their rounds of writes included. */
  settle(): Promise<void> {
    return this.clock.advance(1_000);
  }

  async assign(id: string, nodeId: string, init: TaskInit = {}): Promise<void> {
    const { serviceId = "", desiredState = TaskState.RUNNING, ...container } = init;
    const status = { state: nodeId === "" ? TaskState.PENDING : TaskState.ASSIGNED };
    const value = { image: "sleep", ...container };
    const task = sampleTask(id, undefined, { nodeId, serviceId, desiredState, status });
    const spec = create(TaskSpecSchema, { runtime: { case: "container", value } });
    await this.store.update(tx => tx.task.create({ ...task, spec }));
  }

  async want(id: string, desiredState: TaskState): Promise<void> {
    await this.store.update(tx => {
      const task = tx.task.get(id);
      if (task) tx.task.update({ ...task, desiredState });
    });
  }

  async forget(id: string): Promise<void> {
    await this.store.update(tx => tx.task.remove(id));
  }

  task(id: string): Task {
    const found = this.store.view(tx => tx.task.get(id));
    if (!found) throw new Error(`no task ${id}`);
    return found;
  }

  /** A task's state and what it says, like "RUNNING started". */
  said(id: string): string {
    const { state, message, err } = this.task(id).status;
    return [TaskState[state], message, err].filter(text => text !== "").join(" | ");
  }

  nodeState(nodeId: string): string | undefined {
    const node = this.store.view(tx => tx.node.get(nodeId));
    return node && NodeStatus_State[node.status.state];
  }

  logs(): Client<typeof Logs> {
    return this.network.transport(managerHost).connect(managerAddress).client(Logs);
  }

  usage(nodeId = "manager"): Client<typeof Usage> {
    const caller = { nodeId, role: "manager", clusterId: "cluster" } as const;
    return this.network.transport(managerHost, caller).connect(managerAddress).client(Usage);
  }

  #boot(nodeId: string, disk: SimDisk, runtime: SimRuntime, options: Partial<AgentOptions> = {}) {
    const caller = { nodeId, role: "worker", clusterId: "cluster" } as const;
    const agent = new Agent({
      nodeId,
      runtime,
      transport: this.network.transport(nodeId, caller),
      disk,
      directory: "/worker",
      clock: this.clock,
      random: new SimRandom(),
      log: silentLogger,
      managers: [{ nodeId: "", address: managerAddress }],
      ...options,
    });
    agent.start();
    return { agent, runtime };
  }
}

type ContainerInit = Exclude<MessageInitShape<typeof ContainerSpecSchema>, { $typeName: string }>;

export type TaskInit = ContainerInit & { readonly serviceId?: string; readonly desiredState?: TaskState };
