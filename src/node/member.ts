import type { KnownManager } from "../agent/manager-book.ts";
import { defined } from "../lib/assert.ts";
import type { Fault } from "../lib/fault.ts";
import { Manager } from "../manager/manager.ts";
import type { Cluster, Node } from "../model/objects.ts";
import { type Credentials, parseCredentials } from "../pki/credentials.ts";
import { dataKeyOf, type NodeFiles, saveNodeFiles } from "../pki/key-file.ts";
import { LiveIdentity } from "../pki/live-identity.ts";
import type { Logger } from "../ports/log.ts";
import type { Runtime } from "../ports/runtime.ts";
import type { Transport } from "../ports/transport.ts";
import { Worker } from "../worker/worker.ts";
import { defaultClusterPort, splitAddress } from "./addresses.ts";
import { describeNode } from "./description.ts";
import type { NodeDoors } from "./doors.ts";
import { removeTasks } from "./leaving.ts";
import { Renewal } from "./renewal.ts";
import { certificatesIn, logIn, type NodeState } from "./state-file.ts";

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

  /** Starts everything; resolves when a manager serves, or a worker has begun to look for one. After a Fault nothing runs. */
  static async start(options: MemberOptions): Promise<Member> {
    const identity = new LiveIdentity(parseCredentials(options.files));
    let manager: Manager | undefined;
    const transport = options.doors.transport(identity, nodeId => manager?.isRemoved(nodeId) ?? false);
    manager = await startManager(options, identity, transport);
    let runtime: Runtime | undefined;
    try {
      runtime = await options.doors.runtime(credentialsOf(identity).nodeId, addressOf(options.state));
      const { worker, welcomed } = await startWorker(options, identity, transport, runtime);
      const renewal = startRenewal(options, identity, transport, worker);
      return new Member({ identity, state: options.state, manager, worker, runtime, welcomed }, renewal);
    } catch (error) {
      await runtime?.close();
      await manager?.stop();
      throw error;
    }
  }

  get nodeId(): string {
    return credentialsOf(this.identity).nodeId;
  }

  /** The address other nodes know this one by, without port. */
  get address(): string {
    return addressOf(this.state);
  }

  /** Why no manager leads this node now; "" when one does, or none was tried yet. */
  trouble(): string {
    const link = this.worker.link();
    return link.connected ? "" : (link.fault?.message ?? "");
  }

  /** The managers this node knows, itself included. */
  managers(): readonly KnownManager[] {
    return this.worker.managers();
  }

  /** Stops serving and lets go of everything. Tasks go on running. */
  async stop(): Promise<void> {
    await this.#renewal.stop();
    await this.worker.stop();
    await this.manager?.stop();
    await this.runtime.close();
  }

  /**
   * Stops, and ends and removes every task of this node's. Unless `force` is set it takes place only while the runtime
   * can be reached: a Fault then, and nothing has changed.
   */
  async leave(force: boolean, log: Logger): Promise<void> {
    if (!force) await this.runtime.list();
    await this.#renewal.stop();
    await this.worker.stop();
    await removeTasks(this.runtime, log);
    await this.manager?.stop();
    await this.runtime.close();
  }
}

/** Undefined on a worker. */
async function startManager(
  { doors, directory, files, state, founding, onBroken }: MemberOptions,
  identity: LiveIdentity,
  transport: Transport,
): Promise<Manager | undefined> {
  const self = credentialsOf(identity);
  if (self.role !== "manager") return undefined;
  const { disk, clock, random, log } = doors;
  return Manager.start({
    ...{ disk, clock, random, log, transport, self, onBroken },
    ...(founding && { founding }),
    listenAddress: state.listenAddress,
    advertiseAddress: state.advertiseAddress,
    directory: logIn(directory),
    dataKey: defined(dataKeyOf(files.headers), "a manager's data key"),
  });
}

async function startWorker(
  { doors, directory, state }: MemberOptions,
  identity: LiveIdentity,
  transport: Transport,
  runtime: Runtime,
): Promise<{ worker: Worker; welcomed: Promise<void> }> {
  const { disk, clock, random, log } = doors;
  let welcome = (): void => {};
  const welcomed = new Promise<void>(resolve => {
    welcome = resolve;
  });
  const worker = new Worker({
    ...{ disk, clock, random, log, transport, runtime },
    directory: `${directory}/worker`,
    nodeId: credentialsOf(identity).nodeId,
    managers: state.managers,
    describe: () => describeNode(runtime, identity, addressOf(state)),
    onLink: link => {
      if (link.connected) welcome();
    },
  });
  await worker.start();
  return { worker, welcomed };
}

function startRenewal(
  { doors, directory, files }: MemberOptions,
  identity: LiveIdentity,
  transport: Transport,
  worker: Worker,
): Renewal {
  const { disk, clock, random, log } = doors;
  const renewal = new Renewal({
    ...{ clock, random, log, identity, transport },
    managers: () => worker.managers().map(manager => manager.address),
    save: renewed => saveNodeFiles(disk, certificatesIn(directory), { ...renewed, headers: files.headers }),
  });
  renewal.start();
  return renewal;
}

function credentialsOf(identity: LiveIdentity): Credentials {
  return defined(identity.current(), "a member's credentials");
}

function addressOf(state: NodeState): string {
  return splitAddress(state.advertiseAddress, defaultClusterPort)?.host ?? state.advertiseAddress;
}
