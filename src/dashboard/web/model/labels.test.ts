import { describe, expect, it } from "vitest";
import { labelLines, labelsFrom } from "./labels.ts";

const before = { "com.docker.stack.namespace": "shop", disk: "ssd", gpu: "" };

describe("labels as lines", () => {
  it("leave out what belongs to a stack", () => expect(labelLines(before)).toBe("disk=ssd\ngpu"));

  it.each([
    ["disk=hdd\n", { disk: "hdd" }],
    ["  a=b=c \n\n x", { a: "b=c", x: "" }],
    ["", {}],
  ])("%j", (text, expected) =>
    expect(labelsFrom(text, before)).toEqual({ "com.docker.stack.namespace": "shop", ...expected }),
  );
});
