import type { ComponentChildren } from "preact";
import { quorumState } from "../model/quorum.ts";
import { summarise, type Tone } from "../model/service.ts";
import type { Swarm } from "../model/swarm.ts";
import { isCurrent, lookOf, nameOfNode } from "../model/task.ts";
import { figure } from "../model/text.ts";
import { ToneMark } from "../parts/tone-mark.tsx";
import { useSwarm } from "../state.ts";

/** How many of everything are as they are to be. */
export function Tiles() {
  const swarm = useSwarm("quorum", "node", "service", "task");
  const nodes = [...swarm.all("node")];
  const ready = nodes.filter(node => node.Status.State === "ready").length;
  const services = [...swarm.all("service")].map(
    service => summarise(service, swarm.tasksOf(service.ID).values(), nodes).tone,
  );
  const fine = services.filter(tone => tone === "good").length;
  const worst = services.includes("bad") ? "bad" : fine < services.length ? "busy" : "good";
  const current = [...swarm.all("task")].filter(isCurrent);
  const running = current.filter(task => lookOf(task) === "running").length;
  return (
    <ul class="tiles">
      <Managers swarm={swarm} />
      <Tile name="Nodes" done={ready} of={nodes.length} says="ready" tone={ready < nodes.length ? "bad" : "good"} />
      <Tile name="Services" done={fine} of={services.length} says="as wanted" tone={worst} />
      <Tile
        {...{ name: "Tasks", done: running, of: current.length, says: "running" }}
        tone={running < current.length ? "busy" : "good"}
      />
    </ul>
  );
}

function Managers({ swarm }: { readonly swarm: Swarm }) {
  const managers = swarm.members();
  const reachable = managers.filter(member => member.Reachable);
  const leader = managers.find(member => member.Leader);
  const state = quorumState(managers);
  const says = leader && state === "led" ? `led by ${nameOfNode(swarm, leader.NodeID)}` : sayings[state];
  return (
    <Tile
      {...{ name: "Managers", done: reachable.length, of: managers.length, says }}
      tone={state === "lost" ? "bad" : state === "electing" || reachable.length < managers.length ? "warn" : "good"}
      more={
        swarm.term() > 0 && (
          <span title="Each vote for a leader begins a term: one that grows all the time tells of managers that lose each other.">
            {" "}
            · term {figure(swarm.term())}
          </span>
        )
      }
    />
  );
}

const sayings = { unknown: "not known", led: "led", electing: "no leader", lost: "no quorum" } as const;

interface TileProps {
  readonly name: string;
  readonly done: number;
  readonly of: number;
  /** What those that are done are. */
  readonly says: string;
  readonly tone: Tone;
  readonly more?: ComponentChildren;
}

function Tile({ name, done, of, says, tone, more }: TileProps) {
  return (
    <li class="tile">
      <span class="tile-name">{name}</span>
      <span class="tile-value">
        {figure(done)}/{figure(of)}
      </span>
      <span class="tile-says">
        <ToneMark tone={tone} says={says} />
        {more}
      </span>
    </li>
  );
}
