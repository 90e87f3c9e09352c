import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import type { Obstacle } from "../api.ts";
import { Command } from "../parts/command.tsx";
import { door, keepKnocking } from "../visitor.ts";

interface Story {
  readonly title: string;
  readonly says: string;
  readonly steps: readonly ComponentChildren[];
}

const stories: Readonly<Record<Obstacle | "unreachable", Story>> = {
  outside: {
    title: "This node is in no swarm",
    says: "Found a swarm with it, or let it join one that there is.",
    steps: [
      <>
        A swarm of its own, to which others can be joined later: <Command>docker swarm init</Command>
      </>,
      <>
        Another swarm: on one of its managers <Command>docker swarm join-token manager</Command> prints what to run
        here.
      </>,
    ],
  },
  worker: {
    title: "This node is a worker",
    says: "It runs tasks and knows nothing else of the swarm. The dashboard is served by managers.",
    steps: [
      <>
        Which managers it knows: <Command>{"docker info --format '{{json .Swarm.RemoteManagers}}'"}</Command>
      </>,
      <>
        To make a manager of it, run on a manager: <Command>docker node promote NAME</Command>
      </>,
    ],
  },
  locked: {
    title: "This manager is locked",
    says: "Its state is encrypted, and after a restart it waits for the key. Tasks that run go on meanwhile.",
    steps: [
      <>
        The key is on any manager that is not locked: <Command>docker swarm unlock-key</Command>
      </>,
      <>
        Unlock it here: <Command>docker swarm unlock</Command>
      </>,
    ],
  },
  starting: {
    title: "This node is getting ready",
    says: "It reads its state, or waits for the managers to let it in. That takes seconds; if it lasts, its log says why.",
    steps: [
      <>
        How it stands: <Command>shoal status</Command>
      </>,
      <>
        Its log: <Command>journalctl -u shoald -n 50</Command>
      </>,
    ],
  },
  unreachable: {
    title: "This node's daemon does not answer",
    says: "The page was loaded, but the daemon that it comes from cannot be reached now. What runs on the nodes goes on.",
    steps: [
      <>
        Whether it runs: <Command>systemctl status shoald</Command>
      </>,
      "Or look at the swarm from another manager: each can serve this page.",
    ],
  },
};

/** In the place of everything where there is no swarm to show: why, and what to do. It goes away by itself. */
export function NoSwarm() {
  useEffect(keepKnocking, []);
  const { title, says, steps } = stories[door.value.at === "obstacle" ? door.value.obstacle : "unreachable"];
  return (
    <main class="login">
      <div class="card story">
        <img src="/shoal.svg" alt="" width="48" height="48" />
        <h1>{title}</h1>
        <p>{says}</p>
        <ul class="steps">
          {steps.map((step, at) => (
            <li key={at}>{step}</li>
          ))}
        </ul>
        <p class="next" role="status">
          This page looks again every two seconds and goes on by itself.
        </p>
      </div>
    </main>
  );
}
