import type { MemberStatus } from "../consensus/member.ts";
import { lastManagerLeaves } from "./texts.ts";

const begin = "You are attempting to leave the swarm on a node that is participating as a manager. ";
const end =
  "The only way to restore a swarm that has lost consensus is to reinitialize it with `--force-new-cluster`. " +
  "Use `--force` to suppress this message.";

/**
 * Why a manager does not leave unless it is forced to, in Docker's words. `members` is the quorum, this manager included,
 * or undefined when it takes part in none at the moment.
 */
export function whyManagerStays(members: readonly Pick<MemberStatus, "isReachable">[] | undefined): string {
  if (!members) return `${begin}Doing so may lose the consensus of your cluster. ${end}`;
  const reachable = members.filter(member => member.isReachable).length;
  const unreachable = members.length - reachable;
  if (reachable === 1 && unreachable === 0) return lastManagerLeaves;
  // Docker's arithmetic: whether those who are left are no more than those who are away.
  if (reachable - 2 > unreachable) return begin + end;
  const left = `Removing this node leaves ${reachable - 1} managers out of ${members.length}. `;
  return `${begin}${left}Without a Raft quorum your swarm will be inaccessible. ${end}`;
}
