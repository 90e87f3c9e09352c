/**
 * The door to the engine's containers that its users made and no service, for their places on networks. Real:
 * `platform/docker/user-containers.ts`; simulated: `sim/user-containers.ts`. Faults: not_found, unavailable when the engine cannot be
 * reached, else with its own text.
 */
export interface UserContainers {
  /** Those that have a place on a network whose name begins with `prefix`, running or not. */
  on(prefix: string): Promise<UserContainer[]>;
  /** By id, beginning of an id, or name; undefined when there is none, or a service made it. */
  find(reference: string): Promise<UserContainer | undefined>;
  /** Whether the engine has this network, by id or name. */
  hasNetwork(reference: string): Promise<boolean>;
  /** Gives the container a place. One that does not run gets it when it starts. */
  connect(containerId: string, network: string, endpoint: WantedEndpoint): Promise<void>;
  /** Takes a place away, also one on a network that the engine does not have. No error when there is none. */
  disconnect(containerId: string, network: string): Promise<void>;
  /** Removes one that does not run. No error when it is gone. */
  remove(containerId: string): Promise<void>;
  /** Gives a value at once, and one after everything that may have changed what `on` says, until `signal` aborts. */
  changes(signal: AbortSignal): AsyncIterable<void>;
}

export interface UserContainer {
  readonly id: string;
  readonly name: string;
  /** It runs, or its restart policy is about to start it again. */
  readonly isUp: boolean;
  /** Its engine is to remove it when it has ended, or cannot be started (`docker run --rm`). */
  readonly removesItself: boolean;
  /** Those that it was made with; none for the engine's choice. */
  readonly nameServers: readonly string[];
  /** By the network's name. */
  readonly endpoints: ReadonlyMap<string, UserEndpoint>;
}

/** What is asked for on a network. */
export interface WantedEndpoint {
  /** Fixed addresses, without lengths; none for whichever the engine gives. */
  readonly fixed: readonly string[];
  /** The MAC that it is to have; engines of before API 1.44 derive the same from the IPv4 address. */
  readonly mac?: string;
  readonly aliases: readonly string[];
  /** Kept by the engine with the place, for whoever asks for them later. */
  readonly options: Readonly<Record<string, string>>;
}

export interface UserEndpoint extends WantedEndpoint {
  /** The addresses that it has now; none while the container does not run. */
  readonly addresses: readonly string[];
}
