import { create } from "@bufbuild/protobuf";
import { beforeEach, describe, expect, it } from "vitest";
import type { Append } from "../../raft/message.ts";
import {
  type InternalRaftRequest,
  InternalRaftRequestSchema,
  StoreActionKind,
} from "../../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import { newSimStore } from "../store.ts";
import { Promises } from "./promises.ts";
import { changeRegister } from "./register.ts";

let problems: string[];
let promises: Promises;
const store = newSimStore();

beforeEach(() => {
  problems = [];
  promises = new Promises(problem => void problems.push(problem));
});

/** The entry that a client's write makes. */
function entry(writer: string): InternalRaftRequest {
  const spec = { annotations: { name: "a", labels: { value: writer, writer } } };
  const target = { case: "config", value: { id: writer, spec } } as const;
  return create(InternalRaftRequestSchema, { action: [{ action: StoreActionKind.STORE_ACTION_CREATE, target }] });
}

function append(term: bigint, index: bigint, data: string): Append {
  const entries = [{ kind: "data", index, term, data: Buffer.from(data) }] as const;
  return { type: "append", from: 1n, to: 2n, term, prevIndex: index - 1n, prevTerm: term, commit: 0n, entries };
}

describe("what raft promises", () => {
  it("is kept by members that say and apply the same", () => {
    for (const name of ["m1", "m2"]) {
      promises.applied(name, store, 1n, entry("c.1"));
      promises.applied(name, store, 2n, entry("c.2"));
      promises.sent(append(2n, 1n, "x"));
    }
    promises.leads("m1", 2n, 2n);
    promises.leads("m1", 2n, 2n);
    promises.leads("m2", 3n, 2n);
    promises.acknowledged("c.1");
    promises.refused("c.3");
    expect([problems, promises.terms, promises.lastApplied]).toEqual([[], 2, 2n]);
  });

  it.each<[string, () => void]>([
    [
      "m2 applied another entry at 1",
      () => {
        promises.applied("m1", store, 1n, entry("c.1"));
        promises.applied("m2", store, 1n, entry("c.2"));
      },
    ],
    [
      "there are two entries 5 of term 2",
      () => {
        promises.sent(append(2n, 5n, "x"));
        promises.sent(append(3n, 5n, "x"));
        promises.sent({ ...append(2n, 5n, "y"), term: 4n });
      },
    ],
    [
      "m1 and m2 both lead in term 2",
      () => {
        promises.leads("m1", 2n, 0n);
        promises.leads("m2", 2n, 0n);
      },
    ],
    [
      "m2 leads in term 3 and stands at 1: 2 was committed before",
      () => {
        promises.applied("m1", store, 1n, entry("c.1"));
        promises.applied("m1", store, 2n, entry("c.2"));
        promises.sent(append(3n, 3n, "x"));
        promises.leads("m2", 3n, 1n);
      },
    ],
    ["c.1 was acknowledged, and nobody has applied it", () => promises.acknowledged("c.1")],
    [
      "c.1 happened at 1 and again at 2",
      () => {
        promises.applied("m1", store, 1n, entry("c.1"));
        promises.applied("m1", store, 2n, entry("c.1"));
      },
    ],
    [
      "c.1 was refused, and happened at 1",
      () => {
        promises.refused("c.1");
        promises.applied("m1", store, 1n, entry("c.1"));
      },
    ],
    [
      "c.1 was refused, and stands at 1",
      () => {
        promises.applied("m1", store, 1n, entry("c.1"));
        promises.refused("c.1");
      },
    ],
  ])("is found broken: %s", (problem, happen) => {
    happen();
    expect(problems).toEqual([problem]);
  });

  it("is found broken where stores differ at one place, whatever their tables' order", async () => {
    const [one, same, other] = [newSimStore(), newSimStore(), newSimStore()];
    const write = (to: typeof one, key: string, value: string) =>
      to.update(tx => changeRegister(tx, key, { kind: "write", value }, value));
    for (const [to, value] of [
      [one, "x"],
      [same, "x"],
      [other, "y"],
    ] as const)
      await write(to, "a", value);
    promises.compare("m1", one, 1n);
    promises.compare("m2", same, 1n);
    expect(problems).toEqual([]);
    promises.compare("m3", other, 1n);
    expect(problems).toEqual(["m3 has another store at 1 than others have"]);
  });
});
