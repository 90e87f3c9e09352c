import { create } from "@bufbuild/protobuf";
import type { InitRequest, SwarmStatus } from "../docker-api/backend.ts";
import { isVouchedFor, readCertificates } from "../pki/chain.ts";
import type { Credentials } from "../pki/credentials.ts";
import type { IdentitySource, LiveIdentity } from "../pki/live-identity.ts";
import type { AnonymousDialler } from "../ports/anonymous.ts";
import { silentLogger } from "../ports/log.ts";
import type { Transport } from "../ports/transport.ts";
import type { SimClock } from "../sim/clock.ts";
import { SimDisk } from "../sim/disk.ts";
import { SimHttps } from "../sim/https.ts";
import { SimMachine } from "../sim/machine.ts";
import { SimProcess } from "../sim/process.ts";
import { processDisk } from "../sim/process-disk.ts";
import { processRuntime } from "../sim/process-runtime.ts";
import { SimRandom } from "../sim/random.ts";
import { SimRuntime } from "../sim/runtime.ts";
import type { SimNetwork } from "../sim/transport.ts";
import { ClusterSpecSchema, NodeSpec_Availability } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { Node } from "./node.ts";

/** Where the nodes of one simulation live. */
export interface SimulatedPlace {
  readonly clock: SimClock;
  readonly network: SimNetwork;
  readonly random: SimRandom;
  /** Who is at each host now. */
  readonly identities: Map<string, IdentitySource>;
  /** Calls between two nodes of which one would not believe the other's certificate. */
  readonly distrust: string[];
  /** Servers outside the swarm. */
  readonly https: SimHttps;
}

const seeds = 2 ** 31;
/** Nobody listens there. */
const nowhere = "10.255.255.255:1";

/** A whole node, from its files to its tasks, on a machine of its own in a simulated network. */
export class SimulatedNode {
  readonly host: string;
  readonly disk = new SimDisk();
  readonly machine: SimMachine;
  readonly #place: SimulatedPlace;
  #running: { readonly process: SimProcess; readonly node: Node } | undefined;

  constructor(host: string, place: SimulatedPlace) {
    this.host = host;
    this.#place = place;
    this.machine = new SimMachine({ clock: place.clock, hostname: host });
  }

  get node(): Node {
    if (!this.#running) throw new Error(`${this.host} does not run`);
    return this.#running.node;
  }

  get status(): SwarmStatus | undefined {
    return this.#running?.node.status();
  }

  get leads(): boolean {
    return this.#running?.node.manager?.leadership().kind === "leading";
  }

  get credentials(): Credentials | undefined {
    return this.#place.identities.get(this.host)?.current();
  }

  start(): Promise<void> {
    const { clock, random, network } = this.#place;
    const process = new SimProcess({ clock, random: new SimRandom(Math.floor(random.float() * seeds)) });
    const dead = network.transport(this.host);
    const node = new Node({
      directory: "/swarm",
      doors: {
        clock: process.clock,
        random: process.random,
        log: silentLogger,
        disk: processDisk(this.disk, process),
        addresses: {
          list: () => [{ interface: "eth0", address: this.host, isLoopback: false }],
          towards: async () => this.host,
        },
        https: () => this.#place.https,
        transport: identity => this.#transport(identity, process, dead),
        runtime: async nodeId => processRuntime(new SimRuntime(this.machine, nodeId, process.clock), process),
      },
    });
    this.#running = { process, node };
    return node.start();
  }

  /** The daemon dies, or with `power` the whole machine; the disk keeps what was synced. */
  kill(power = false): void {
    this.#running?.process.kill();
    this.#running = undefined;
    this.#place.network.kill(this.host);
    if (!power) return;
    this.machine.reboot();
    this.disk.crash(this.#place.random);
  }

  #transport(identity: IdentitySource, process: SimProcess, dead: Transport): Transport & AnonymousDialler {
    const { network, identities } = this.#place;
    if (identity.current()) identities.set(this.host, identity);
    const alive = (caller?: Credentials): Transport => (process.alive ? network.transport(this.host, caller) : dead);
    return {
      connect: address =>
        alive(identity.current()).connect(this.#isTrusted(identity.current(), address) ? address : nowhere),
      connectAnonymous: address => alive().connect(address),
      listen: (address, registrations) => alive(identity.current()).listen(address, registrations),
    };
  }

  /** What TLS finds out when the two meet. */
  #isTrusted(own: Credentials | undefined, address: string): boolean {
    const host = address.replace(/:\d+$/, "");
    const other = this.#place.identities.get(host)?.current();
    if (!own || !other) return true;
    if (![own, other].every(({ notAfterMs }) => this.#place.clock.now() < notAfterMs)) return false;
    if (believes(own, other) && believes(other, own)) return true;
    this.#place.distrust.push(`${this.host} and ${host}`);
    return false;
  }
}

function believes({ rootPem }: Credentials, { certificatePem }: Credentials): boolean {
  const [leaf, ...intermediates] = readCertificates(certificatePem);
  return leaf !== undefined && isVouchedFor(leaf, intermediates, readCertificates(rootPem));
}

/** What founds a swarm on a host, with Docker's defaults. */
export function founding(host: string, autoLock = false): InitRequest {
  return {
    listenAddress: host,
    advertiseAddress: host,
    dataPathAddress: "",
    dataPathPort: 0,
    forceNewCluster: false,
    spec: create(ClusterSpecSchema, { encryptionConfig: { autoLockManagers: autoLock } }),
    autoLock,
    availability: NodeSpec_Availability.ACTIVE,
    addressPools: [],
    subnetSize: 0,
  };
}

export function newPlace(clock: SimClock, network: SimNetwork, seed: number): SimulatedPlace {
  return {
    clock,
    network,
    random: new SimRandom(seed),
    identities: new Map<string, LiveIdentity>(),
    distrust: [],
    https: new SimHttps(),
  };
}
