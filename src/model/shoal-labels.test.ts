import { describe, expect, it } from "vitest";
import { nodeGrammars, serviceGrammars } from "./shoal-labels.ts";

const grammars = { ...serviceGrammars, ...nodeGrammars };

describe.each<[string, string[], string[]]>([
  [
    "shoal.depends-on",
    ["db", "db:healthy", "db:started, init:completed", "", "app_db:healthy,"],
    ["db:up", ":healthy", "db:healthy:", "db=healthy"],
  ],
  ["shoal.drain-seconds", ["0", "10", "2.5", "3600"], ["", "10s", "-1", "3601", "1e3", "ten"]],
  ["shoal.allow-from", ["web", "web,api", " web , api ", ""], ["web api", "*", "10.0.0.0/8", "-web"]],
  ["shoal.publish-local", ["", "true", "False", "1", "0", "no"], ["maybe", "local", "2"]],
  ["shoal.drain-timeout", ["0", "90s", "1h30m", "500ms"], ["", "10", "soon", "5 m", "-1m"]],
  ["shoal.publish-addresses", ["10.0.0.1", "10.0.0.1, 2001:db8::1", ""], ["eth0", "10.0.0.0/24", "10.0.0.1:80"]],
])("%s", (label, good, bad) => {
  it.each(good)("takes %j", text => expect(grammars[label]!.accepts(text)).toBe(true));
  it.each(bad)("does not take %j", text => expect(grammars[label]!.accepts(text)).toBe(false));
});
