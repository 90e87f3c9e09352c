import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { beforeAll, describe, expect, it } from "vitest";
import { fromEvent, type SwarmEvent } from "../../src/docker-api/events/event.ts";
import { renderCompat } from "./compat.ts";
import { reasonFor, reasons } from "./reasons.ts";
import { type Outcome, replayAll } from "./replay.ts";
import { differences, normalText } from "./shape.ts";
import { loadTranscripts, parseTranscript } from "./transcript.ts";

describe("the recorded requests", () => {
  let outcomes: Outcome[] = [];
  beforeAll(async () => {
    outcomes = await replayAll();
  });

  it("are all there", () => {
    expect(outcomes.length).toBeGreaterThan(500);
    expect(outcomes.filter(({ handedThrough }) => handedThrough).length).toBeLessThan(5);
  });

  it("are answered as Docker did, or differ for a reason", () => {
    const unexplained = outcomes.flatMap(outcome =>
      outcome.differences
        .filter(difference => !reasonFor(outcome, difference))
        .map(difference => `${outcome.transcript}: ${outcome.method} ${outcome.url}: ${difference}`),
    );
    expect(unexplained).toEqual([]);
  });

  it("need every reason that is given", () => {
    const used = new Set(outcomes.flatMap(outcome => outcome.differences.map(text => reasonFor(outcome, text)?.title)));
    expect(reasons.map(({ title }) => title).filter(title => !used.has(title))).toEqual([]);
  });

  it("are summed up in docs/COMPAT.md (npx vitest run test/replay -u writes it)", async () => {
    await expect(renderCompat(outcomes)).toMatchFileSnapshot(join(import.meta.dirname, "../../docs/COMPAT.md"));
  });
});

describe("recorded events of the swarm", () => {
  const events = loadTranscripts()
    .flatMap(({ exchanges }) => exchanges)
    .filter(({ url }) => url.includes("/events"))
    .flatMap(({ answer = "" }) => answer.split("\n").filter(line => line !== ""))
    .map(line => JSON.parse(line) as RecordedEvent)
    .filter(({ scope }) => scope === "swarm");

  it("have the form that ours have", () => {
    expect(events.length).toBeGreaterThan(10);
    for (const event of events) {
      const time = create(TimestampSchema, { seconds: BigInt(event.time), nanos: 0 });
      const { Type: type, Action: action, Actor: actor } = event;
      const ours = fromEvent({ type, action, id: actor.ID, attributes: actor.Attributes, time });
      expect(differences(event, ours).filter(difference => !difference.startsWith("timeNano: "))).toEqual([]);
    }
  });
});

interface RecordedEvent {
  readonly Type: SwarmEvent["type"];
  readonly Action: SwarmEvent["action"];
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly scope: string;
  readonly time: number;
}

describe("differences", () => {
  it.each([
    [{ a: 1 }, { a: 1 }, []],
    [{ a: 1 }, {}, ["a: missing"]],
    [{}, { a: 1 }, ["a: extra"]],
    [{ a: { b: null } }, { a: { b: {} } }, ["a.b: null became object"]],
    [{ a: "x" }, { a: "y" }, ['a: "x" became "y"']],
    [{ ID: "x", Version: { Index: 1 } }, { ID: "y", Version: { Index: 2 } }, []],
    [[1, 2], [1], ["[]: an element is missing"]],
    [[{ ID: "a", n: 1 }, { ID: "b" }], [{ ID: "b" }, { ID: "a", n: "1" }], ["[].n: number became string"]],
    [[], [{ ID: "a" }], ["[]: an extra element"]],
    [{}, [], ["body: object became list"]],
  ])("between %j and %j", (recorded, ours, expected) => {
    expect(differences(recorded, ours)).toEqual(expected);
  });

  it("do not count ids in texts", () => {
    expect(normalText("node qvmvykqjrxccfq1k9p09s6qdv is not down")).toBe("node ID is not down");
  });
});

describe("parseTranscript", () => {
  it("reads requests, answers and what was given", () => {
    const { exchanges } = parseTranscript(
      "x",
      '$ docker x\n! service\n{"ID":"a"}\n> 7 POST /a?b=1\n> x-registry-auth: e30=\n{"n":"A×3"}\n< 201 application/json\n< server: d\n{}\n> - GET /c\n< 200\n…\n',
    );
    expect(exchanges).toMatchObject([
      {
        number: 7,
        command: "docker x",
        method: "POST",
        url: "/a?b=1",
        given: [{ kind: "service", object: { ID: "a" } }],
        headers: { "x-registry-auth": "e30=" },
        body: '{"n":"AAA"}',
        status: 201,
        contentType: "application/json",
        answerHeaders: { server: "d" },
        answer: "{}",
      },
      { number: 0, given: [], method: "GET", body: undefined, status: 200, contentType: "", answer: undefined },
    ]);
  });

  it("refuses what it does not understand", () => {
    expect(() => parseTranscript("x", "{}\n")).toThrow("x: a body without a request");
    expect(() => parseTranscript("x", "> GET /a\n")).toThrow("no request");
  });
});
