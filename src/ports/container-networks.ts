import { Fault } from "../lib/fault.ts";
import type { Network } from "../wire/gen/docker/swarmkit/v1/objects_pb.ts";

/**
 * The door to the swarm's networks for containers that users of this node's engine make: what the engine would ask the swarm
 * for, if it were in swarm mode itself. There is one while the node is in a swarm and takes part in its networks.
 */
export interface ContainerNetworks {
  /** The swarm's networks that this node takes part in, as far as it knows them by itself: without times and labels. */
  known(): readonly Network[];
  /** Name servers for a container that is to be made on these networks, before its own; none where all are the engine's. */
  nameServersFor(networks: readonly string[]): Promise<readonly string[]>;
  /**
   * Gives a container that is about to be started its places on the swarm's networks. They count as used until what is
   * returned is called, and from then on for as long as it runs. AttachFaults: permission_denied for a network that is not
   * attachable, failed_precondition when there is no (such) address, deadline_exceeded, unavailable.
   */
  starting(container: string, signal: AbortSignal): Promise<() => void>;
  /** Gives it one on this network. False when that is none of the swarm's, or there is no such container. AttachFaults. */
  connect(network: string, container: string, wish: ContainerWish, signal: AbortSignal): Promise<boolean>;
  /** Takes it away. False when there is none. */
  disconnect(network: string, container: string): Promise<boolean>;
}

/** What a container is to have on a network. */
export interface ContainerWish {
  readonly aliases: readonly string[];
  /** Addresses without lengths; none for whichever is free. */
  readonly asked: readonly string[];
}

/** Why a container gets no place on a network. */
export class AttachFault extends Fault {
  /** As the user named it. */
  readonly network: string;

  constructor(network: string, cause: Fault) {
    super(cause.code, cause.message, { cause });
    this.network = network;
  }
}
