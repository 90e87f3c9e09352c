import { defined } from "../lib/assert.ts";
import type { Fault } from "../lib/fault.ts";
import { Manager } from "../manager/manager.ts";
import type { Cluster, Node } from "../model/objects.ts";
import { type Credentials, parseCredentials } from "../pki/credentials.ts";
import { dataKeyOf, type NodeFiles, saveNodeFiles } from "../pki/key-file.ts";
import { LiveIdentity } from "../pki/live-identity.ts";
import type { Runtime } from "../ports/runtime.ts";
import { Worker } from "../worker/worker.ts";
import { defaultClusterPort, splitAddress } from "./addresses.ts";
import { describeNode } from "./description.ts";
import type { NodeDoors } from "./doors.ts";
import { Renewal } from "./renewal.ts";
import type { NodeState } from "./state-file.ts";

/** The objects a new swarm begins with. */
export interface Founding {
  readonly cluster: Cluster;
  /** Its first manager. */
  readonly node: Node;
}

export interface MemberOptions {
  readonly doors: NodeDoors;
  /** The swarm's directory on this node. */
  readonly directory: string;
  readonly files: NodeFiles;
  readonly state: NodeState;
  /** Only for the node that founds the swarm, the first time. */
  readonly founding?: Founding;
  /** Called when this node cannot go on as a manager. */
  readonly onBroken: (fault: Fault) => void;
}

type Parts = Pick<Member, "identity" | "state" | "manager" | "worker" | "runtime" | "welcomed">;

/** A node's life in one swarm: its identity, its manager if it is one, and the worker that runs its tasks. */
export class Member {
  readonly identity: LiveIdentity;
  readonly state: NodeState;
  readonly manager: Manager | undefined;
  readonly worker: Worker;
  readonly runtime: Runtime;
  /** Resolves when a manager has taken this node's worker up for the first time. */
  readonly welcomed: Promise<void>;
  readonly #renewal: Renewal;

  private constructor(parts: Parts, renewal: Renewal) {
    this.identity = parts.identity;
    this.state = parts.state;
    this.manager = parts.manager;
    this.worker = parts.worker;
    this.runtime = parts.runtime;
    this.welcomed = parts.welcomed;
    this.#renewal = renewal;
  }

  /** Starts everything; resolves when a manager serves, or a worker has begun to look for one. */
  static async start(options: MemberOptions): Promise<Member> {
    const { doors, directory, files, state } = options;
    const credentials = parseCredentials(files);
    const identity = new LiveIdentity(credentials);
    let manager: Manager | undefined;
    const transport = doors.transport(identity, nodeId => manager?.isRemoved(nodeId) ?? false);
    const { disk, clock, random, log } = doors;
    if (credentials.role === "manager") {
      manager = await Manager.start({
        ...options,
        ...doors,
        ...state,
        self: credentials,
        transport,
        directory: `${directory}/raft`,
        dataKey: defined(dataKeyOf(files.headers), "a manager's data key"),
      });
    }
    const { nodeId } = credentials;
    const runtime = await doors.runtime(nodeId, addressOf(state));
    let welcome = (): void => {};
    const welcomed = new Promise<void>(resolve => {
      welcome = resolve;
    });
    const worker = new Worker({
      runtime,
      transport,
      disk,
      directory: `${directory}/worker`,
      clock,
      random,
      log,
      nodeId,
      managers: state.managers,
      describe: () => describeNode(runtime, identity, addressOf(state)),
      onNode: () => welcome(),
    });
    await worker.start();
    const renewal = new Renewal({
      identity,
      transport,
      managers: () => worker.managers(),
      clock,
      random,
      log,
      save: renewed => saveNodeFiles(disk, `${directory}/certificates`, { ...renewed, headers: files.headers }),
    });
    renewal.start();
    return new Member({ identity, state, manager, worker, runtime, welcomed }, renewal);
  }

  get nodeId(): string {
    return this.#credentials.nodeId;
  }

  /** The address other nodes know this one by, without port. */
  get address(): string {
    return addressOf(this.state);
  }

  /** The managers this node knows, itself included. Resolves as soon as it is one's member. */
  managers(): readonly { readonly nodeId: string; readonly address: string }[] {
    return this.worker.managers().map(address => ({ nodeId: "", address }));
  }

  /** Stops serving and lets go of everything. Tasks go on running. */
  async stop(): Promise<void> {
    await this.#renewal.stop();
    await this.worker.stop();
    await this.manager?.stop();
    await this.runtime.close();
  }

  get #credentials(): Credentials {
    return defined(this.identity.current(), "a member's credentials");
  }

  /** Stops, and ends and removes every task of this node's. */
  async leave(): Promise<void> {
    await this.#renewal.stop();
    await this.worker.stop();
    const instances = await this.runtime.list();
    await Promise.all(instances.map(({ taskId }) => this.runtime.remove(taskId)));
    await this.manager?.stop();
    await this.runtime.close();
  }
}

function addressOf(state: NodeState): string {
  return splitAddress(state.advertiseAddress, defaultClusterPort)?.host ?? state.advertiseAddress;
}
