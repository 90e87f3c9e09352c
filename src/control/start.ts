import { newAllocatorLoop } from "./allocator/allocator.ts";
import { drainLoop } from "./drain.ts";
import { enforcerLoop } from "./enforcer.ts";
import { globalLoop } from "./global.ts";
import { jobLoop } from "./job.ts";
import { lostNodeLoop } from "./lost-node.ts";
import { reaperLoop } from "./reaper.ts";
import { removedServicesLoop } from "./removed-services.ts";
import { replicatedLoop } from "./replicated.ts";
import { newRestartLoop } from "./restart.ts";
import { newRoleLoop } from "./roles.ts";
import { rootRotationLoop } from "./root-rotation.ts";
import { type ControlPorts, type Running, runLoop } from "./runner.ts";
import { newSchedulerLoop } from "./scheduler/scheduler.ts";
import { tunnelSecretLoop } from "./tunnel-secret.ts";
import { updaterLoop } from "./updater.ts";

/**
 * Starts everything that a leader does to bring the swarm to what its users asked for. To be started when this manager
 * has become leader and its store has applied all entries of earlier terms, and stopped when it leads no longer.
 */
export function startControl(ports: ControlPorts): Running {
  const running = [
    runLoop(removedServicesLoop, ports),
    runLoop(jobLoop, ports),
    runLoop(replicatedLoop, ports),
    runLoop(globalLoop, ports),
    runLoop(updaterLoop, ports),
    runLoop(newRestartLoop(), ports),
    runLoop(drainLoop, ports),
    runLoop(lostNodeLoop, ports),
    runLoop(enforcerLoop, ports),
    runLoop(newAllocatorLoop(), ports),
    runLoop(newSchedulerLoop(ports.clock), ports),
    runLoop(reaperLoop, ports),
    runLoop(newRoleLoop(ports.quorum), ports),
    runLoop(rootRotationLoop, ports),
    runLoop(tunnelSecretLoop, ports),
  ];
  return {
    async stop() {
      await Promise.all(running.map(loop => loop.stop()));
    },
  };
}
