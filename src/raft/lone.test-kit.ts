import { Chance } from "./chance.test-kit.ts";
import { type Configuration, noConfiguration } from "./configuration.ts";
import { type Entry, type HardState, type NodeId, nobody, type Term } from "./entry.ts";
import { Host, type HostOptions } from "./host.test-kit.ts";
import { operationBytes, TestMachine } from "./machine.test-kit.ts";
import type { Message } from "./message.ts";

interface LoneOptions {
  readonly id?: NodeId;
  readonly configuration?: Partial<Configuration>;
  /** The terms of its entries, from index 1 on. */
  readonly log?: readonly number[];
  readonly hardState?: Partial<HardState>;
  readonly options?: Partial<HostOptions>;
}

/** One node with a log of your choice, and nobody to talk to but the test. By default node 1 of three. */
export function lone({ id = 1n, configuration, log = [], hardState, options }: LoneOptions = {}): Host {
  const base = { electionTicks: 10, heartbeatTicks: 1, random: new Chance(1).float };
  const host = new Host(id, { ...base, ...options });
  const members = { ...noConfiguration, voters: [1n, 2n, 3n], ...configuration };
  host.durable.record({ index: 0n, term: 0n, configuration: members, data: new TestMachine().encode() });
  host.durable.append(entriesOf(log));
  const term = BigInt(log.at(-1) ?? 0);
  host.durable.setHardState({ term, vote: nobody, commit: 0n, ...hardState });
  host.start();
  return host;
}

/** Entries of these terms, from index 1 on; the operation of each is its index. */
export function entriesOf(terms: readonly number[], firstIndex = 1n): readonly Entry[] {
  return terms.map((term, place) => {
    const index = firstIndex + BigInt(place);
    return { index, term: BigInt(term), kind: "data", data: operationBytes(Number(index)) };
  });
}

/** Lets a node hear something, and returns what it says to that once its disk is done. */
export function hear(host: Host, ...messages: readonly Message[]): readonly Message[] {
  for (const message of messages) host.node.receive(message);
  return said(host);
}

/** What a node has said since the last time, once its disk is done. */
export function said(host: Host): readonly Message[] {
  host.pump();
  while (host.sync() || host.applyPage());
  const { outgoing } = host;
  host.outgoing = [];
  return outgoing;
}

/** The terms of a node's log, from index 1 on. */
export function logOf(host: Host): readonly Term[] {
  const { firstIndex, lastIndex } = host.view;
  return Array.from(
    { length: Number(lastIndex - firstIndex) + 1 },
    (_, place) => host.view.term(firstIndex + BigInt(place)) ?? 0n,
  );
}

/** Makes node 1 of three the leader of the next term, whose empty entry node 2 has acknowledged if `established`. */
export function elected(host: Host, established = true): Term {
  host.node.campaign();
  const trial = said(host)[0];
  const term = host.node.status.term + 1n;
  if (!trial) return term - 1n;
  const news = { commitIndex: 0n, commitTerm: 0n };
  hear(host, { type: "vote-reply", from: 2n, to: 1n, term, stage: "pre-vote", granted: true, ...news });
  hear(host, { type: "vote-reply", from: 2n, to: 1n, term, stage: "vote", granted: true, ...news });
  const { lastIndex } = host.node.status;
  if (established) hear(host, { type: "append-accepted", from: 2n, to: 1n, term, index: lastIndex });
  return term;
}
