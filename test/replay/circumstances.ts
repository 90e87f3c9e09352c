import type { SwarmStatus } from "../../src/docker-api/backend.ts";
import { inactive, locked, managing, working } from "../../src/docker-api/fakes.test-kit.ts";
import { Fault, type FaultCode } from "../../src/lib/fault.ts";
import { pathOf } from "./observation.ts";
import type { Exchange } from "./transcript.ts";

/** Recordings of an engine in another state than a manager's, for requests that do not tell it themselves. */
const states: readonly (readonly [RegExp, SwarmStatus])[] = [
  [/^(swarm-inactive-errors|info-inactive)$/, inactive],
  [/^(worker-errors|swarm-leave-worker|swarm-join-again)$/, working],
  [/^(swarm-locked|swarm-unlock)$/, locked],
];

/** This node's part in the swarm when it answered. */
export function statusFor(name: string, exchange: Exchange): SwarmStatus {
  if (pathOf(exchange) === "/info" && exchange.answer) return statusIn(JSON.parse(exchange.answer));
  const isFirstStep = /^\/swarm\/(init|join)$/.test(pathOf(exchange)) && exchange.status !== 503;
  if (isFirstStep) return inactive;
  if (exchange.status < 300 && /^\/(nodes|services|tasks)/.test(pathOf(exchange))) return managing;
  return states.find(([pattern]) => pattern.test(name))?.[1] ?? managing;
}

interface RecordedSwarm {
  readonly NodeID: string;
  readonly NodeAddr: string;
  readonly LocalNodeState: SwarmStatus["state"];
  readonly ControlAvailable: boolean;
  readonly Error: string;
  readonly RemoteManagers: readonly { readonly NodeID: string; readonly Addr: string }[] | null;
}

function statusIn({ Swarm: swarm }: { Swarm: RecordedSwarm }): SwarmStatus {
  return {
    state: swarm.LocalNodeState,
    error: swarm.Error,
    nodeId: swarm.NodeID,
    nodeAddress: swarm.NodeAddr,
    controlAvailable: swarm.ControlAvailable,
    managers: (swarm.RemoteManagers ?? []).map(({ NodeID, Addr }) => ({ nodeId: NodeID, address: Addr })),
  };
}

const codes: Readonly<Record<number, FaultCode>> = {
  400: "invalid_argument",
  401: "unauthenticated",
  500: "unknown",
  503: "unavailable",
};

/** Texts of joining, leaving and unlocking are the node's: here they only have to travel. */
export function failureFor(exchange: Exchange): Fault | undefined {
  const code = codes[exchange.status];
  if (!code || !/^\/swarm\/(join|leave|unlock)$/.test(pathOf(exchange)) || !exchange.answer) return undefined;
  return new Fault(code, (JSON.parse(exchange.answer) as { message: string }).message);
}

/** The key that the answer showed. */
export function unlockKeyIn(exchange: Exchange): string {
  if (pathOf(exchange) !== "/swarm/unlockkey" || exchange.status !== 200) return "";
  return (JSON.parse(exchange.answer ?? "{}") as { UnlockKey: string }).UnlockKey;
}

/** The engine's part of `/info` or `/version`. */
export function engineAnswer(exchange: Exchange): object {
  const { Swarm: _swarm, ...rest } = JSON.parse(exchange.answer ?? "{}") as { Swarm?: unknown };
  return rest;
}
