/** What of a node's plane is to be looked at again. No more than there are objects. */
export class PlaneNews {
  /** The node itself: the networks it is on, its own addresses, its labels. */
  self = false;
  /** Some of the tasks got new connections and are to get none any more: the node is to confirm that. */
  withdrawn = false;
  /** The secret that those of tunnels are made from is another one. */
  tunnels = false;
  readonly networks = new Set<string>();
  readonly nodes = new Set<string>();
  readonly services = new Set<string>();
  readonly tasks = new Set<string>();

  get isEmpty(): boolean {
    return (
      !this.self &&
      !this.tunnels &&
      [this.networks, this.nodes, this.services, this.tasks].every(({ size }) => size === 0)
    );
  }
}
