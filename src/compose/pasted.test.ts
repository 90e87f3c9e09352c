import { describe, expect, it } from "vitest";
import { readPasted } from "./pasted.ts";

const read = (text: string, variables = "") => readPasted({ text, variables, stack: "app", notice: () => {} });
const web = (members: string) => `services:\n  web:\n    image: nginx\n    ${members}\n`;

describe("a pasted Compose file", () => {
  it("is filled in with the variables that came with it", () => {
    expect(read(web("hostname: ${NAME}"), "NAME=box\n").services.web?.hostname).toBe("box");
  });

  it.each([
    ["an env file", web("env_file: web.env"), 'the file "./web.env" cannot be read'],
    ["another file", `include: [more.yaml]\n${web("")}`, 'the file "./more.yaml" cannot be read'],
    [
      "a relative mount",
      web("volumes: ['./data:/data']"),
      'services.web.volumes: "./data" leads from where the file is',
    ],
    ["a mount from somebody's home", web("volumes: ['~/data:/data']"), '"~/data" leads from where the file is'],
    ["a mistake, by its line", web("imago: x"), "stdin:4: "],
    ["a mistake in the variables", web(""), ".env:1: "],
  ])("is refused for %s", (what, text, message) => {
    expect(() => read(text, what.includes("variables") ? "no variable at all" : "")).toThrow(message);
  });

  it("may mount whole paths of the nodes", () => {
    expect(read(web("volumes: ['/srv:/data']")).services.web?.volumes?.[0]?.source).toBe("/srv");
  });
});
