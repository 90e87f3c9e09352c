import { majorityOf, quorumState } from "../model/quorum.ts";
import { nameOfNode } from "../model/task.ts";
import { plural } from "../model/text.ts";
import { Command } from "../parts/command.tsx";
import { ToneMark } from "../parts/tone-mark.tsx";
import { servedBy, useSwarm } from "../state.ts";

/** Above every view while no manager leads: what that means, which managers there are, and what to do. */
export function NoLeader() {
  const swarm = useSwarm("quorum", "node");
  const members = swarm.members();
  const state = quorumState(members);
  if (state === "electing")
    return (
      <p class="banner" role="status">
        <strong>The managers are choosing who leads.</strong> Changes wait until they have, which takes seconds.
      </p>
    );
  if (state !== "lost") return null;
  const sorted = [...members].sort((a, b) => a.Addr.localeCompare(b.Addr, "en", { numeric: true }));
  const reachable = members.filter(member => member.Reachable).length;
  return (
    <section class="trouble" role="alert" aria-labelledby="trouble-title">
      <h2 id="trouble-title">The swarm has no quorum: nothing can be changed</h2>
      <p>
        {plural(majorityOf(members.length), "manager")} of {members.length} must reach each other; {reachable} can.
        Tasks that run go on running, but what fails is not replaced. What this page shows is what this manager knew
        last.
      </p>
      <ul class="managers">
        {sorted.map(({ NodeID, Addr, Reachable }) => (
          <li key={NodeID}>
            <ToneMark tone={Reachable ? "good" : "bad"} says={nameOfNode(swarm, NodeID) || NodeID} />
            <span class="next">
              {Addr} · {NodeID === servedBy.value ? "this one" : Reachable ? "can be reached" : "cannot be reached"}
            </span>
          </li>
        ))}
      </ul>
      <ol class="steps">
        <li>
          Bring the others back: start the machines that are down, and there <Command>systemctl start shoald</Command>.
          Everything goes on by itself then.
        </li>
        <li>
          Only if they are lost for good: <Command>docker swarm init --force-new-cluster</Command> on this manager makes
          it the only one, with all that is shown here. Then let new managers join.
        </li>
      </ol>
    </section>
  );
}
