import { Fault } from "../lib/fault.ts";
import { newId } from "../lib/ids.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { Meters } from "../ports/meters.ts";
import type { Random } from "../ports/random.ts";
import { NodeSession } from "./session.ts";

/** SwarmKit: a node may register this often in a window, then it has to wait. */
const registrationsPerWindow = 3;
const registrationWindowMs = 8_000;

/** Docker's text, which agents match on. */
export function notRegistered(): Fault {
  return new Fault("not_found", "node not registered");
}

interface Entry {
  readonly session: NodeSession;
  timer: Timer;
}

/** The sessions of all nodes, one a node, each with a timer that heartbeats push back. */
export class SessionTable {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #entries = new Map<string, Entry>();
  readonly #registrations = new Map<string, number[]>();
  readonly #onSilent: (nodeId: string) => void;
  readonly #meters: Meters;

  /** `onSilent` is called when a session has ended because no heartbeat came in time. */
  constructor(options: { clock: Clock; random: Random; meters: Meters; onSilent: (nodeId: string) => void }) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#onSilent = options.onSilent;
    this.#meters = options.meters;
  }

  has(nodeId: string): boolean {
    return this.#entries.has(nodeId);
  }

  get(nodeId: string): NodeSession | undefined {
    return this.#entries.get(nodeId)?.session;
  }

  all(): NodeSession[] {
    return [...this.#entries.values()].map(entry => entry.session);
  }

  /** The node's session if that is the one. Faults: not_found without a session, invalid_argument with another. */
  require(nodeId: string, sessionId: string): NodeSession {
    const session = this.get(nodeId);
    if (!session) throw notRegistered();
    if (session.id !== sessionId) throw new Fault("invalid_argument", "session invalid");
    return session;
  }

  /** A new session in place of an earlier one. Fault unavailable for a node that registers too often. */
  register(nodeId: string, silenceMs: number): NodeSession {
    this.#admit(nodeId);
    this.end(nodeId, new Fault("aborted", "the node has registered again"));
    const session = new NodeSession(newId(this.#random), nodeId);
    this.#entries.set(nodeId, { session, timer: this.#expect(session, silenceMs) });
    this.#meters.sessions(this.#entries.size);
    return session;
  }

  /** A sign of life: the session ends when none follows within `silenceMs`. */
  beat(session: NodeSession, silenceMs: number): void {
    const entry = this.#entries.get(session.nodeId);
    if (entry?.session !== session) return;
    entry.timer.cancel();
    entry.timer = this.#expect(session, silenceMs);
  }

  end(nodeId: string, fault: Fault): void {
    const entry = this.#entries.get(nodeId);
    if (!entry) return;
    entry.timer.cancel();
    this.#entries.delete(nodeId);
    this.#meters.sessions(this.#entries.size);
    entry.session.end(fault);
  }

  endAll(fault: Fault): void {
    for (const nodeId of [...this.#entries.keys()]) this.end(nodeId, fault);
    this.#registrations.clear();
  }

  /** Forgets what is known of a node that is no more. */
  forget(nodeId: string, fault: Fault): void {
    this.end(nodeId, fault);
    this.#registrations.delete(nodeId);
  }

  #expect(session: NodeSession, silenceMs: number): Timer {
    return this.#clock.after(silenceMs, () => {
      this.end(session.nodeId, notRegistered());
      this.#meters.nodeLost();
      this.#onSilent(session.nodeId);
    });
  }

  #admit(nodeId: string): void {
    const since = this.#clock.monotonic() - registrationWindowMs;
    const recent = (this.#registrations.get(nodeId) ?? []).filter(at => at > since);
    if (recent.length >= registrationsPerWindow) {
      throw new Fault("unavailable", `node ${nodeId} exceeded rate limit count of registrations`);
    }
    this.#registrations.set(nodeId, [...recent, this.#clock.monotonic()]);
  }
}
