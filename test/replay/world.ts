import type { MemberStatus } from "../../src/consensus/member.ts";
import { controlApi } from "../../src/controlapi/control-api.ts";
import { TestApi } from "../../src/docker-api/api.test-kit.ts";
import { managing } from "../../src/docker-api/fakes.test-kit.ts";
import { localClient } from "../../src/manager/local-client.ts";
import type { Node } from "../../src/model/objects.ts";
import { SimHttps } from "../../src/sim/https.ts";
import { SimRandom } from "../../src/sim/random.ts";
import { newSimStore, type SimStore } from "../../src/sim/store.ts";
import type { ReadTx } from "../../src/store/tx.ts";
import { Control } from "../../src/wire/gen/docker/swarmkit/v1/control_pb.ts";
import { RaftMemberStatus_Reachability } from "../../src/wire/gen/docker/swarmkit/v1/types_pb.ts";
import { engineAnswer, failureFor, statusFor, unlockKeyIn } from "./circumstances.ts";
import { isMeant, type Step, stepOf } from "./history.ts";
import { goneAt, idOf, localNetworksIn, observe, pathOf } from "./observation.ts";
import { put, removeWhere } from "./placing.ts";
import type { Exchange, Transcript } from "./transcript.ts";

const caller = { nodeId: managing.nodeId, role: "manager", clusterId: "c" } as const;

/** No object here gets as far. */
const staleVersion = 999_999n;

/** The façade over a store with the cluster's API, and the ways to bring it where Docker was. No loop runs. */
export class World implements AsyncDisposable {
  readonly api: TestApi;
  #store: SimStore = newSimStore();

  private constructor(api: TestApi) {
    this.api = api;
  }

  static async start(): Promise<World> {
    return new World(await TestApi.start());
  }

  /** Of the last write to the swarm's state. */
  get version(): bigint {
    return this.#store.version;
  }

  /** A new swarm with nothing in it. */
  reset(): void {
    const { clock } = this.api;
    this.#store = newSimStore();
    const store = this.#store;
    let members: readonly MemberStatus[] = [];
    store.onCommit(() => {
      members = store.view(membersOf);
    });
    const handlers = controlApi({
      store,
      clock,
      https: new SimHttps(),
      random: new SimRandom(),
      portsInUse: () => new Map(),
      members: () => members,
    });
    this.api.backend.client = localClient(Control, handlers, caller);
    this.api.backend.logClient = { subscribeLogs: noLogs };
  }

  /** Brings node and engine where they were when Docker answered `exchange`, and the swarm where the answer shows it. */
  async prepare(transcript: Transcript, exchange: Exchange): Promise<void> {
    const { backend, engine } = this.api;
    const path = pathOf(exchange);
    backend.current = statusFor(transcript.name, exchange);
    backend.failure = failureFor(exchange);
    backend.key = unlockKeyIn(exchange);
    engine.handedThrough.length = 0;
    engine.answers.set("/networks", localNetworksIn(exchange));
    if (path === "/info" || path === "/version") engine.answers.set(path, engineAnswer(exchange));
    await this.apply([...exchange.given.map(stepOf), ...stepsBefore(exchange)]);
  }

  async apply(steps: readonly Step[]): Promise<void> {
    await this.#store.update(tx => {
      for (const step of steps) {
        if (step.what === "seen") put(tx, step.kind, step.object);
        else if (step.what === "gone") removeWhere(tx, step.kind, object => isMeant(object, step.reference));
        else removeWhere(tx, step.kind, ({ id }) => !step.ids.includes(id));
      }
    });
  }

  /** What the loops do once a service is removed: its tasks end. */
  async endTasks(): Promise<void> {
    await this.#store.update(tx => {
      for (const task of [...tx.task.all()]) if (!tx.service.get(task.serviceId)) tx.task.remove(task.id);
    });
  }

  /** The request as it was recorded, its version the one that is current here where it was current there. */
  urlOf(exchange: Exchange): string {
    const version = () => (exchange.status === 500 ? staleVersion : this.#versionOf(pathOf(exchange)));
    return exchange.url.replace(/([?&]version=)\d+/, (_whole, before: string) => before + version());
  }

  #versionOf(path: string): bigint {
    const [, collection = "", reference = ""] = path.split("/");
    return this.#store.view(tx => {
      const { cluster, service, node, secret, config } = tx;
      const tables = { swarm: cluster, services: service, nodes: node, secrets: secret, configs: config };
      const all: Iterable<Versioned> = tables[collection as keyof typeof tables].all();
      for (const { id, meta, spec } of all) {
        const found = collection === "swarm" || isMeant({ id, name: spec.annotations.name }, reference);
        if (found) return meta.version?.index ?? 0n;
      }
      return 0n;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.api[Symbol.asyncDispose]();
  }
}

type Versioned = Pick<Node, "id" | "meta"> & { readonly spec: Pick<Node["spec"], "annotations"> };

/** What an answer tells of the state that it found. */
function stepsBefore(exchange: Exchange): Step[] {
  const gone = goneAt(exchange);
  if (gone && exchange.status === 404) return [{ what: "gone", ...gone }];
  const observation = observe(exchange);
  // With defaults filled in they are not what was stored.
  if (!observation || exchange.url.includes("insertDefaults=true")) return [];
  const { kind, objects, complete } = observation;
  const seen = objects.map(object => ({ what: "seen", kind, object }) as const);
  // Tasks come and go by themselves: no request tells of it.
  const isAll = complete || pathOf(exchange) === "/tasks";
  return isAll ? [{ what: "only", kind, ids: objects.map(idOf) }, ...seen] : seen;
}

async function* noLogs(): AsyncGenerator<never> {}

/** The quorum, as the recorded nodes say it was. */
function membersOf(tx: ReadTx): MemberStatus[] {
  return [...tx.node.all()].flatMap(({ id, managerStatus }) => {
    if (!managerStatus) return [];
    const { raftId, addr: address, leader: isLeader, reachability } = managerStatus;
    const isReachable = reachability === RaftMemberStatus_Reachability.REACHABLE;
    return [{ nodeId: id, raftId, address, isLeader, isReachable, isVoter: true }];
  });
}
