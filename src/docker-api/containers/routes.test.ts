import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Fault, type FaultCode } from "../../lib/fault.ts";
import { AttachFault, type ContainerNetworks } from "../../ports/container-networks.ts";
import { TestApi } from "../api.test-kit.ts";
import { inactive } from "../fakes.test-kit.ts";

/** The swarm has the network "net"; the containers are "c" and, already gone, all others. */
class FakeNetworks implements ContainerNetworks {
  readonly asked: unknown[] = [];
  failure: Fault | undefined;
  released = 0;

  known(): [] {
    return [];
  }

  async nameServersFor(networks: readonly string[]): Promise<readonly string[]> {
    return networks.includes("net") ? ["169.254.53.53"] : [];
  }

  async starting(container: string): Promise<() => void> {
    this.#ask("starting", container);
    return () => (this.released += 1);
  }

  async connect(network: string, container: string, wish: object): Promise<boolean> {
    this.#ask("connect", network, container, wish);
    return network === "net" && container === "c";
  }

  async disconnect(network: string, container: string): Promise<boolean> {
    this.#ask("disconnect", network, container);
    return network === "net" && container === "c";
  }

  #ask(...what: unknown[]): void {
    this.asked.push(what);
    if (this.failure) throw this.failure;
  }
}

let api: TestApi;
let networks: FakeNetworks | undefined;
beforeAll(async () => {
  api = await TestApi.start([], undefined, { containerNetworks: () => networks });
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(() => {
  networks = new FakeNetworks();
  api.backend.current = inactive;
  api.engine.handedThrough.length = 0;
});

const handed = (): object[] => api.engine.handedThrough;
const refuse = (code: FaultCode, message: string): void => {
  if (networks) networks.failure = new AttachFault("net", new Fault(code, message));
};

describe("containers of the engine's", () => {
  it("are told where names are answered when they are made on a network of the swarm's", async () => {
    const body = { Image: "i", HostConfig: { NetworkMode: "net" } };
    expect((await api.call("POST", "/v1.41/containers/create?name=x", body)).status).toBe(299);
    const dns = { ...body, HostConfig: { ...body.HostConfig, Dns: ["169.254.53.53"] } };
    expect(handed()).toEqual([{ method: "POST", url: "/v1.41/containers/create?name=x", body: JSON.stringify(dns) }]);
  });

  it.each(['{"HostConfig":{"NetworkMode":"bridge"}}', "{", '{ "Image": "i" }'])("are made as asked: %s", async body => {
    await api.call("POST", "/containers/create", body);
    expect(handed()).toMatchObject([{ body }]);
  });

  it.each(["start", "restart"])("get their places before their engine does it: %s", async what => {
    expect((await api.call("POST", `/containers/c/${what}?t=0`)).status).toBe(299);
    expect(networks?.asked).toEqual([["starting", "c"]]);
    expect(handed()).toMatchObject([{ url: `/containers/c/${what}?t=0` }]);
    await expect.poll(() => networks?.released).toBe(1);
  });

  it.each<[FaultCode, string, number, string]>([
    [
      "permission_denied",
      "network net not manually attachable",
      403,
      "Could not attach to network net: rpc error: code = PermissionDenied desc = network net not manually attachable",
    ],
    [
      "deadline_exceeded",
      "context deadline exceeded",
      500,
      "attaching to network failed, make sure your network options are correct and check manager logs: context deadline exceeded",
    ],
  ])("are not started without: %s", async (code, reason, status, message) => {
    refuse(code, reason);
    for (const path of ["/containers/c/start", "/networks/net/connect"])
      expect(await api.call("POST", path, { Container: "c" })).toMatchObject({ status, json: { message } });
    expect(handed()).toEqual([]);
  });

  it("come and go on a network of the swarm's, and on the engine's by the engine", async () => {
    const EndpointConfig = { Aliases: ["a"], IPAMConfig: { IPv4Address: "10.0.0.9" }, Links: null };
    expect(await api.call("POST", "/networks/net/connect", { Container: "c", EndpointConfig })).toMatchObject({
      status: 200,
      text: "",
    });
    expect((await api.call("POST", "/networks/net/disconnect", { Container: "c", Force: true })).status).toBe(200);
    expect(networks?.asked).toEqual([
      ["connect", "net", "c", { aliases: ["a"], asked: ["10.0.0.9"] }],
      ["disconnect", "net", "c"],
    ]);
    expect(handed()).toEqual([]);
    for (const what of ["connect", "disconnect"]) await api.call("POST", `/networks/mine/${what}`, { Container: "c" });
    expect(handed()).toMatchObject([{ url: "/networks/mine/connect" }, { url: "/networks/mine/disconnect" }]);
  });

  it("are the engine's alone while the node is in no swarm", async () => {
    networks = undefined;
    const paths = ["containers/create", "containers/c/start", "networks/net/disconnect"];
    for (const path of paths) expect((await api.call("POST", `/${path}`, { Container: "c" })).status).toBe(299);
    expect(handed()).toHaveLength(paths.length);
  });
});
