import { expect, it } from "vitest";
import type { Entry } from "../raft/entry.ts";
import type { Message } from "../raft/message.ts";
import type { Raft } from "../raft/raft.ts";
import type { Ready, Standing } from "../raft/ready.ts";
import { RaftDriver } from "./raft-driver.ts";

const entry: Entry = { kind: "data", index: 7n, term: 2n, data: new Uint8Array(1) };
const message: Message = { type: "timeout-now", to: 2n, from: 1n, term: 2n };
const save = { snapshot: undefined, entries: [entry], hardState: undefined, mustSync: true };
const leads: Standing = { role: "leader", term: 2n, leader: 1n };
const follows: Standing = { role: "follower", term: 2n, leader: 2n };

/** What is done, in order, with what raft has ready. */
function doneWith(ready: Partial<Ready>): string[] {
  const done: string[] = [];
  const all = { number: 1, standing: undefined, messages: [], save: undefined, committed: [], reads: [], ...ready };
  const readies: Ready[] = [all];
  const raft = { ready: () => readies.shift() } as unknown as Raft;
  const driver = new RaftDriver(raft, {
    save: (number, _, afterSends) => done.push(`save ${number}${afterSends ? " after sends" : ""}`),
    apply: () => {
      done.push("apply");
      return false;
    },
    answer: () => {},
    send: () => done.push("send"),
    followMembers: () => {},
    settled: () => {},
    broken: () => {},
  });
  driver.run(() => {});
  return done;
}

it.each<[string, Partial<Ready>, readonly string[]]>([
  [
    "a leader's entries go out before it writes them",
    { standing: leads, save, messages: [message] },
    ["send", "save 1 after sends"],
  ],
  ["a leader without others writes at once", { standing: leads, save }, ["save 1"]],
  ["a follower writes at once", { standing: follows, save, messages: [message] }, ["save 1", "send"]],
  [
    "whoever waits is told before the others",
    { standing: leads, save, messages: [message], committed: [entry] },
    ["save 1", "apply", "send"],
  ],
])("%s", (_, ready, expected) => {
  expect(doneWith(ready)).toEqual(expected);
});
