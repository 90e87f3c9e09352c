import { describe, expect, it } from "vitest";
import { commandLine, findImage } from "./image.ts";

describe("image references", () => {
  it.each([
    ["shoal/whoami", "shoal/whoami:latest"],
    ["shoal/whoami:1.2", "shoal/whoami:latest"],
    ["docker.io/shoal/sleep:latest@sha256:abc", "shoal/sleep:latest"],
    ["shoal/job@sha256:abc", "shoal/job:latest"],
    ["dir:/srv/app", "dir:/srv/app"],
  ])("%s is %s", (reference, name) => {
    expect(findImage(reference).name).toBe(name);
  });

  it.each([
    ["nginx", "No such image: nginx:latest"],
    ["nginx:1.27", "No such image: nginx:1.27"],
    ["reg:5000/shoal/sleep", "No such image: reg:5000/shoal/sleep:latest"],
    ["x@sha256:abc", "No such image: x@sha256:abc"],
  ])("%s is unknown", (reference, message) => {
    expect(() => findImage(reference)).toThrow(expect.objectContaining({ code: "not_found", message }));
  });

  it("refuses a relative directory", () => {
    expect(() => findImage("dir:app")).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });
});

describe("command lines", () => {
  it.each([
    ["shoal/sleep", [], [], ["sleep", "infinity"]],
    ["shoal/sleep", [], ["5"], ["sleep", "5"]],
    ["shoal/sleep", ["cat"], [], ["cat"]],
    ["shoal/job", [], ["echo", "hi"], ["echo", "hi"]],
    ["dir:/srv/app", [], ["-v"], ["./run", "-v"]],
    ["dir:/srv/app", ["node", "server.js"], ["-v"], ["node", "server.js", "-v"]],
  ])("%s with command %j and arguments %j", (reference, command, args, line) => {
    expect(commandLine(findImage(reference), command, args)).toEqual(line);
  });

  it("refuses a job without arguments", () => {
    expect(() => commandLine(findImage("shoal/job"), [], [])).toThrow("No command specified");
  });
});
