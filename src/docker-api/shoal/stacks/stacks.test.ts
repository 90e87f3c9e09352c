import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sampleSecret } from "../../../sim/samples.ts";
import { TestApi } from "../../api.test-kit.ts";
import { inactive } from "../../fakes.test-kit.ts";

const compose =
  "services:\n  web:\n    image: nginx\n    build: .\n    secrets: [key]\nsecrets:\n  key: { external: true }\n";

let api: TestApi;
beforeEach(async () => {
  api = await TestApi.start();
});
afterEach(() => api[Symbol.asyncDispose]());
const plan = (body: object) => api.call("POST", "/shoal/stacks/plan", body);

describe("POST /shoal/stacks/plan", () => {
  it("says what is to be done, and what is left out, and never what is in a secret", async () => {
    await api.backend.store.update(tx => tx.secret.create(sampleSecret("s1", "key", Buffer.from("hush"))));
    const answer = await plan({ Name: "app", Compose: compose });
    expect(answer.json).toMatchObject({
      Name: "app",
      Notices: [{ Line: 4, Text: expect.stringContaining("services.web.build is ignored") }],
      Steps: [
        { kind: "network", name: "app_default", action: "create", call: { method: "POST", path: "/networks/create" } },
        { kind: "service", name: "app_web", action: "create" },
      ],
    });
    expect(answer.text).not.toContain(Buffer.from("hush").toString("base64"));
    expect(api.backend.store.view(tx => tx.service.size)).toBe(0);
  });

  it.each([
    ["a mistake", { Name: "app", Compose: "services:\n  web: 1\n" }, 400, "line 2: "],
    ["what is external and not there", { Name: "app", Compose: compose }, 400, "is external, and there is none"],
    ["a bad name", { Name: "a/b", Compose: compose }, 400, "is no name for a stack"],
    ["a file that is far too long", { Name: "app", Compose: "#".repeat(600_000) }, 400, ""],
  ])("refuses %s", async (_what, body, status, message) => {
    const answer = await plan(body);
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(message)]);
  });

  it("is refused where there is no manager", async () => {
    api.backend.current = inactive;
    expect((await plan({ Name: "app", Compose: compose })).status).toBe(503);
  });
});
