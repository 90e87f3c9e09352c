import { plural } from "../model/text.ts";
import { Command } from "../parts/command.tsx";
import { useSwarm } from "../state.ts";
import { mayChange } from "../visitor.ts";

/** In the place of services where there are none: what comes next. */
export function FirstSteps() {
  const swarm = useSwarm("node");
  const count = swarm.size("node");
  return (
    <div class="card story">
      <h3>Nothing runs yet. What comes next:</h3>
      <ol class="steps">
        {mayChange() && (
          <li>
            Paste or drop a Compose file: <a href="/deploy">deploy a stack</a>. The plan is shown first.
          </li>
        )}
        <li>
          Start a service: <Command>docker service create --name web -p 8080:80 nginx</Command>
        </li>
        <li>
          {count === 1 ? "This node is alone. To add others" : `There are ${plural(count, "node")}. To add more`}, this
          prints what to run on them: <Command>docker swarm join-token worker</Command>
        </li>
      </ol>
    </div>
  );
}
