/** Docker's texts for a node's part in a swarm; tools match on them. */
export const alreadyInSwarm =
  'This node is already part of a swarm. Use "docker swarm leave" to leave this swarm and join another one.';
export const notParticipating = "This node is not participating as a swarm manager";
export const notInSwarm = "This node is not part of a swarm";
export const lastManagerLeaves =
  "You are attempting to leave the swarm on a node that is participating as a manager. Removing the last manager erases all current state of the swarm. Use `--force` to ignore this message. ";
export const joinTimedOut =
  'Timeout was reached before node joined. The attempt to join the swarm will continue in the background. Use the "docker info" command to see the current swarm status of your node.';
export const notLocked = "swarm is not locked";
export const locked =
  'Swarm is encrypted and needs to be unlocked before it can be used. Please use "docker swarm unlock" to unlock it.';
export const lockedLeaves =
  "Swarm is encrypted and locked. Please unlock it first or use `--force` to ignore this message.";
export const wrongUnlockKey = "swarm could not be unlocked: invalid key provided";
export const notManager =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
export const workerAsked =
  "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state. Please run this command on a manager node or promote the current node to a manager.";
/** What a manager does that cannot read its log, and has others to get it from. */
export const howToRejoin =
  'To rejoin the other managers, demote and promote this node on one of them, or leave with "docker swarm leave --force" and join again.';
/** Ours, for Docker's daemon just says that a certificate has expired. */
export function expired(role: "manager" | "worker", notAfterMs: number): string {
  const all =
    role === "manager"
      ? ' If those of all managers have expired, "docker swarm init --force-new-cluster" on one of them comes first.'
      : "";
  return `The certificate of this node expired at ${new Date(notAfterMs).toISOString()}, and no manager renews it any more. If the clock of this machine is right, leave the swarm with "docker swarm leave --force", and join it again with what "docker swarm join-token ${role}" says on a manager.${all}`;
}
/** Ours: Docker's manager ends with an error here. */
export const removedFromQuorum =
  'This manager was removed from the quorum of its swarm. To bring it back, demote and promote this node on another manager, or leave with "docker swarm leave --force" and join again.';
