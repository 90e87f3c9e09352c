import { describe, expect, it } from "vitest";
import { compareApi, negotiateApi, pathForEngine } from "./api-version.ts";
import { connectOptions, parseEndpoint } from "./endpoint.ts";

describe("Docker API versions", () => {
  it.each([
    ["1.41", "1.41", 0],
    ["1.9", "1.41", -1],
    ["1.50", "1.41", 1],
    ["2.0", "1.99", 1],
  ])("compares %s with %s", (a, b, sign) => {
    expect(Math.sign(compareApi(a, b))).toBe(sign);
  });

  it.each([
    ["1.41", "1.12", "1.41"],
    ["1.47", "1.24", "1.47"],
    ["1.52", "1.44", "1.50"],
  ])("negotiates with an engine of %s (at least %s)", (newest, oldest, agreed) => {
    expect(negotiateApi(newest, oldest)).toBe(agreed);
  });

  it.each([
    ["1.40", "1.12", "its API is 1.40"],
    ["1.60", "1.51", "it wants API 1.51"],
  ])("refuses an engine of %s (at least %s)", (newest, oldest, text) => {
    expect(() => negotiateApi(newest, oldest)).toThrow(text);
  });

  it.each([
    ["/v1.50/containers/json?all=1", "/v1.41/containers/json?all=1"],
    ["/v1.41/info", "/v1.41/info"],
    ["/v1.24/info", "/v1.24/info"],
    ["/info", "/info"],
    ["/volumes/v1.50/x", "/volumes/v1.50/x"],
  ])("rewrites %s for an engine of 1.41", (path, rewritten) => {
    expect(pathForEngine(path, "1.41")).toBe(rewritten);
  });
});

describe("an engine's endpoint", () => {
  it.each([
    ["unix:///var/run/docker.sock", { socketPath: "/var/run/docker.sock" }],
    ["/tmp/a b.sock", { socketPath: "/tmp/a b.sock" }],
    ["tcp://10.0.0.1:2375", { host: "10.0.0.1", port: 2375 }],
    ["tcp://engine", { host: "engine", port: 2375 }],
    ["tcp://[::1]:99", { host: "::1", port: 99 }],
  ])("reads %s", (text, options) => {
    expect(connectOptions(parseEndpoint(text))).toEqual(options);
  });

  it.each(["", "unix://", "unix://relative", "ssh://host", "nonsense"])("refuses %o", text => {
    expect(() => parseEndpoint(text)).toThrow(`Cannot use engine "${text}"`);
  });
});
