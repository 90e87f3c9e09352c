import { type Backoff, backoffMs } from "../lib/backoff.ts";
import { asFault, Fault } from "../lib/fault.ts";
import type { Credentials } from "../pki/credentials.ts";
import type { LiveIdentity } from "../pki/live-identity.ts";
import { newNodeKey, newRequest } from "../pki/node-key.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";
import type { Random } from "../ports/random.ts";
import type { Caller, Connection, Transport } from "../ports/transport.ts";
import { NodeCA } from "../wire/gen/docker/swarmkit/v1/ca_pb.ts";
import { collect, questionTimeoutMs } from "./issuance.ts";

/** Parts of a certificate's life between which it is renewed (SwarmKit: at a random moment from 50 % to 80 %). */
const earliest = 0.5;
const latest = 0.8;
/** Longest sleep at a time: timers hold no more than 24 days, and wall clocks are set meanwhile. */
const longestSleepMs = 3_600_000;
/** Pause after every manager was asked in vain. */
const backoff: Backoff = { firstMs: 2_000, longestMs: 300_000 };

export interface RenewalOptions {
  readonly identity: LiveIdentity;
  readonly transport: Transport;
  /** The managers known at the moment, HOST:PORT each. */
  readonly managers: () => readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Keeps the new credentials over a restart; they are used only when it resolves. */
  readonly save: (renewed: Credentials) => Promise<void>;
}

/** When to renew, in milliseconds since 1970: `chance` in [0, 1) spreads the nodes over the span. */
export function renewalMoment({ notBeforeMs, notAfterMs }: Credentials, chance: number): number {
  return notBeforeMs + (notAfterMs - notBeforeMs) * (earliest + (latest - earliest) * chance);
}

/** Keeps a node's certificate fresh for as long as it is a member. */
export class Renewal {
  readonly #options: RenewalOptions;
  readonly #stopped = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #wanted: Caller["role"] | undefined;
  /** Told at the next renewal. */
  #demanded: (() => void)[] = [];
  /** Aborts to end a sleep before its time. */
  #nap = new AbortController();

  constructor(options: RenewalOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#nap.abort();
    await this.#running;
    for (const tell of this.#demanded.splice(0)) tell();
  }

  /** Tells the role that the swarm gives this node: where its certificate says another, it is renewed at once. */
  want(role: Caller["role"]): void {
    if (this.#wanted === role) return;
    this.#wanted = role;
    this.#nap.abort();
  }

  /** Renews the certificate without waiting for its time; resolves when that is done, or when it is given up by `stop`. */
  demand(): Promise<void> {
    if (this.#stopped.signal.aborted) return Promise.resolve();
    return new Promise(resolve => {
      this.#demanded.push(resolve);
      this.#nap.abort();
    });
  }

  async #run(): Promise<void> {
    const { identity, clock, random } = this.#options;
    const { signal } = this.#stopped;
    for (let current = identity.current(); current && !signal.aborted; current = identity.current()) {
      const moment = renewalMoment(current, random.float());
      while (clock.now() < moment && this.#fits(current) && this.#demanded.length === 0 && !signal.aborted)
        await this.#sleep(Math.min(moment - clock.now(), longestSleepMs));
      await this.#renewUntilDone();
    }
  }

  /** Until there is a new certificate, with the wanted role: a manager may not know of a change of role yet. */
  async #renewUntilDone(): Promise<void> {
    const { identity, random, log, save } = this.#options;
    const { signal } = this.#stopped;
    for (let attempt = 1; !signal.aborted; attempt++) {
      const wanted = this.#wanted;
      const demanded = this.#demanded.splice(0);
      try {
        const renewed = await this.#renew();
        await save(renewed);
        identity.set(renewed);
        const { role, notAfterMs } = renewed;
        log.info("renewed the certificate", { role, expires: new Date(notAfterMs).toISOString() });
        for (const tell of demanded.splice(0)) tell();
        if (this.#fits(renewed)) return;
      } catch (error) {
        this.#demanded.unshift(...demanded);
        if (signal.aborted) return;
        log.warn("could not renew the certificate", { attempt, reason: asFault(error).message });
      }
      if (this.#wanted !== wanted) attempt = 0;
      else await this.#sleep(backoffMs(backoff, attempt, random.float()));
    }
  }

  #fits({ role }: Caller): boolean {
    return this.#wanted === undefined || this.#wanted === role;
  }

  /** Ends early when the wanted role changes. */
  async #sleep(ms: number): Promise<void> {
    if (this.#stopped.signal.aborted) return;
    this.#nap = new AbortController();
    await sleep(this.#options.clock, ms, this.#nap.signal);
  }

  /** Asks the managers in turn for a certificate for a new key; rejects with what the last one said. */
  async #renew(): Promise<Credentials> {
    const { managers, transport } = this.#options;
    let last = new Fault("unavailable", "Cannot renew the certificate: no manager is known");
    for (const manager of managers()) {
      if (this.#stopped.signal.aborted) break;
      const connection = transport.connect(manager);
      try {
        return await this.#ask(connection);
      } catch (error) {
        last = asFault(error);
      } finally {
        connection.close();
      }
    }
    throw last;
  }

  async #ask(connection: Connection): Promise<Credentials> {
    const { identity, clock, random } = this.#options;
    const { signal } = this.#stopped;
    const rootPem = identity.current()?.rootPem;
    if (rootPem === undefined) throw new Fault("failed_precondition", "Cannot renew the certificate: there is none");
    const keyPem = newNodeKey();
    const csr = await newRequest(keyPem);
    const options = { signal, timeoutMs: questionTimeoutMs };
    const { nodeId } = await connection.client(NodeCA).issueNodeCertificate({ csr }, options);
    for (let asked = 1; ; asked++) {
      const renewed = await collect(connection, { nodeId, keyPem, rootPem }, signal);
      if (renewed) return renewed;
      await sleep(clock, backoffMs(backoff, asked, random.float()), signal);
    }
  }
}
