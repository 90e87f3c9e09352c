import { type Backoff, backoffMs } from "../lib/backoff.ts";
import { asFault, Fault } from "../lib/fault.ts";
import { type Credentials, parseCredentials } from "../pki/credentials.ts";
import type { LiveIdentity } from "../pki/live-identity.ts";
import { newNodeKey, newRequest } from "../pki/node-key.ts";
import { type Clock, sleep } from "../ports/clock.ts";
import type { Logger } from "../ports/log.ts";
import type { Random } from "../ports/random.ts";
import type { Caller, Client, Transport } from "../ports/transport.ts";
import { NodeCA } from "../wire/gen/docker/swarmkit/v1/ca_pb.ts";
import { collect, questionTimeoutMs } from "./issuance.ts";
import { expired } from "./texts.ts";

/** Parts of a certificate's life between which it is renewed (SwarmKit: at a random moment from 50 % to 80 %). */
const earliest = 0.5;
const latest = 0.8;
/** Longest sleep at a time: timers hold no more than 24 days, and wall clocks are set meanwhile. */
const longestSleepMs = 3_600_000;
/** From one renewal to the next that comes by itself: a clock that is far ahead must not make it an endless run of them. */
export const shortestLifeMs = 300_000;
/** Pause after every manager was asked in vain. */
const backoff: Backoff = { firstMs: 2_000, longestMs: 300_000 };

export interface RenewalOptions {
  readonly identity: LiveIdentity;
  readonly transport: Transport;
  /** The managers known at the moment, HOST:PORT each. */
  readonly managers: () => readonly string[];
  /** The authority in this process, on a manager: asked last, for it is the only one that takes an expired certificate. */
  readonly own: () => Client<typeof NodeCA> | undefined;
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
  /** The root to be trusted from now on, once the node has a certificate that goes with it. */
  #root: string | undefined;
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

  /** Tells the root that the swarm trusts (PEM): the node takes it up together with its certificate. */
  trust(rootPem: string): void {
    if (this.#root === rootPem) return;
    this.#root = rootPem;
    this.#nap.abort();
  }

  async #run(): Promise<void> {
    const { identity, clock, random } = this.#options;
    const { signal } = this.#stopped;
    let notBefore = 0;
    for (let current = identity.current(); current && !signal.aborted; current = identity.current()) {
      const moment = Math.max(renewalMoment(current, random.float()), notBefore);
      while (clock.now() < moment && this.#isEnough(current) && !signal.aborted)
        await this.#sleep(Math.min(moment - clock.now(), longestSleepMs));
      if (await this.#adopt(current)) continue;
      await this.#renewUntilDone();
      notBefore = clock.now() + shortestLifeMs;
    }
  }

  #isEnough(current: Credentials): boolean {
    return this.#fits(current) && this.#demanded.length === 0 && (this.#root ?? current.rootPem) === current.rootPem;
  }

  /** Takes up another root that vouches for the certificate there is. False when there is none, or it does not. */
  async #adopt(current: Credentials): Promise<boolean> {
    const { identity, log, save } = this.#options;
    const rootPem = this.#root;
    if (rootPem === undefined || rootPem === current.rootPem) return false;
    try {
      const adopted = parseCredentials({ ...current, rootPem });
      await save(adopted);
      identity.set(adopted);
      log.info("trusting another root CA from now on");
      return true;
    } catch (error) {
      log.warn("cannot take up another root CA as it is", { reason: asFault(error).message });
      return false;
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
        this.#warnOfExpiry();
      }
      if (this.#wanted !== wanted) attempt = 0;
      else await this.#sleep(backoffMs(backoff, attempt, random.float()));
    }
  }

  #warnOfExpiry(): void {
    const { identity, clock, log } = this.#options;
    const current = identity.current();
    if (current && current.notAfterMs < clock.now()) log.error(expired(current.role, current.notAfterMs));
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
    const { managers, own, transport } = this.#options;
    let last = new Fault("unavailable", "Cannot renew the certificate: no manager is known");
    for (const manager of managers()) {
      if (this.#stopped.signal.aborted) break;
      const connection = transport.connect(manager);
      try {
        return await this.#ask(connection.client(NodeCA), this.#stopped.signal);
      } catch (error) {
        last = asFault(error);
      } finally {
        connection.close();
      }
    }
    const here = own();
    if (here) return this.#askHere(here);
    throw last;
  }

  async #askHere(authority: Client<typeof NodeCA>): Promise<Credentials> {
    const limit = new AbortController();
    const timer = this.#options.clock.after(questionTimeoutMs, () => limit.abort());
    try {
      return await this.#ask(authority, AbortSignal.any([this.#stopped.signal, limit.signal]));
    } finally {
      timer.cancel();
    }
  }

  async #ask(authority: Client<typeof NodeCA>, signal: AbortSignal): Promise<Credentials> {
    const { identity, clock, random } = this.#options;
    if (!identity.current()) throw new Fault("failed_precondition", "Cannot renew the certificate: there is none");
    const keyPem = newNodeKey();
    const csr = await newRequest(keyPem);
    const options = { signal, timeoutMs: questionTimeoutMs };
    const { nodeId } = await authority.issueNodeCertificate({ csr }, options);
    for (let asked = 1; ; asked++) {
      const rootPem = this.#root ?? identity.current()?.rootPem ?? "";
      const renewed = await collect(authority, { nodeId, keyPem, rootPem }, signal);
      if (renewed) return renewed;
      await sleep(clock, backoffMs(backoff, asked, random.float()), signal);
    }
  }
}
