import { expect, it } from "vitest";
import { nodeGrammars, serviceGrammars } from "../model/shoal-labels.ts";
import { invalid } from "./api.test-kit.ts";
import { checkLabels } from "./labels.ts";

const outcome = (...call: Parameters<typeof checkLabels>): unknown => {
  try {
    checkLabels(...call);
    return "taken";
  } catch (error) {
    return error;
  }
};

it.each<[string, Record<string, string>, Record<string, string>, unknown]>([
  ["takes what can be read", { "shoal.depends-on": "db:healthy", "shoal.drain-seconds": "5" }, {}, "taken"],
  [
    "says what a label takes",
    { "shoal.depends-on": "db:ready" },
    {},
    invalid(
      'label shoal.depends-on="db:ready" cannot be read: it takes SERVICE[:started|:healthy|:completed], several with commas between',
    ),
  ],
  [
    "says which value was not taken",
    { "shoal.drain-seconds": "10s" },
    {},
    invalid('label shoal.drain-seconds="10s" cannot be read: it takes seconds from 0 to 3600'),
  ],
  ["lets be what was there before", { "shoal.drain-seconds": "10s" }, { "shoal.drain-seconds": "10s" }, "taken"],
  [
    "refuses another mistake in its place",
    { "shoal.publish-local": "maybe" },
    { "shoal.publish-local": "perhaps" },
    invalid('label shoal.publish-local="maybe" cannot be read: it takes true or false'),
  ],
  ["leaves labels that it does not know", { "shoal.color": "?", "com.example": "?", color: "?" }, {}, "taken"],
  ["leaves a node's label on a service", { "shoal.drain-timeout": "soon" }, {}, "taken"],
])("of a service: %s", (_, labels, before, expected) => {
  expect(outcome(labels, serviceGrammars, before)).toEqual(expected);
});

it("of a node: refuses a time that is none", () => {
  expect(outcome({ "shoal.drain-timeout": "5 minutes" }, nodeGrammars)).toEqual(
    invalid(
      'label shoal.drain-timeout="5 minutes" cannot be read: it takes a duration like 90s, 10m or 1h30m; 0 for none',
    ),
  );
});
