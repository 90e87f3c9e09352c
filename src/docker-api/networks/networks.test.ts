import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  CreateNetworkResponseSchema,
  ListNetworksResponseSchema,
  ListNodesResponseSchema,
  ListServicesResponseSchema,
  ListTasksResponseSchema,
  RemoveNetworkResponseSchema,
} from "../../wire/gen/docker/swarmkit/v1/control_pb.ts";
import {
  type Network,
  NetworkAttachmentSchema,
  type Node,
  NodeSchema,
  type Service,
  ServiceSchema,
  type Task,
  TaskSchema,
} from "../../wire/gen/docker/swarmkit/v1/objects_pb.ts";
import { TaskState } from "../../wire/gen/docker/swarmkit/v1/types_pb.ts";
import { TestApi } from "../api.test-kit.ts";
import { fakeControl, inactive, locked, managing, working } from "../fakes.test-kit.ts";
import { sampleNetwork, samplePredefined } from "../samples.test-kit.ts";

const ov1 = "mxjqh1pp9hzeaejtmpq9ay0j5";
const localBridge = { Name: "bridge", Id: "1491a3ba9e81", Scope: "local", Driver: "bridge" };
const localHost = { Name: "host", Id: "edceac5d9eac", Scope: "local", Driver: "host" };

let networks: Network[] = [];
let nodes: Node[] = [];
let tasks: Task[] = [];
let services: Service[] = [];
let asked: { what: string; request: unknown }[] = [];
/** What a node knows of the swarm's networks by itself. */
let known: Network[] = [];
const own = {
  known: () => known,
  nameServersFor: async () => [],
  starting: async () => () => {},
  connect: async () => false,
  disconnect: async () => false,
};
let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start([], undefined, { containerNetworks: () => (known.length > 0 ? own : undefined) });
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(() => {
  asked = [];
  [nodes, tasks, services, known] = [[], [], [], []];
  networks = [sampleNetwork(ov1, "ov1", { a: "b" }), samplePredefined("4fhost", "host")];
  api.backend.current = managing;
  api.engine.present = true;
  api.engine.handedThrough.length = 0;
  api.engine.answers.set("/networks", [localBridge, localHost]);
  api.backend.client = fakeControl({
    listNodes: async () => create(ListNodesResponseSchema, { nodes }),
    listTasks: async ({ filters }) => {
      const ids = filters?.nodeIds ?? [];
      const here = tasks.filter(({ nodeId }) => ids.length === 0 || ids.includes(nodeId));
      return create(ListTasksResponseSchema, { tasks: here });
    },
    listServices: async () => create(ListServicesResponseSchema, { services }),
    listNetworks: async () => create(ListNetworksResponseSchema, { networks }),
    createNetwork: async request => {
      asked.push({ what: "create", request: request.spec });
      return create(CreateNetworkResponseSchema, { network: { id: "new" } });
    },
    removeNetwork: async request => {
      asked.push({ what: "remove", request });
      return create(RemoveNetworkResponseSchema, {});
    },
  });
});

const shown = {
  Name: "ov1",
  Id: ov1,
  Created: "2026-11-21T11:47:30.536955468Z",
  Scope: "swarm",
  Driver: "overlay",
  EnableIPv6: false,
  IPAM: { Driver: "default", Options: null, Config: [{ Subnet: "10.0.2.0/24", Gateway: "10.0.2.1" }] },
  Internal: false,
  Attachable: true,
  Ingress: false,
  ConfigFrom: { Network: "" },
  ConfigOnly: false,
  Containers: null,
  Options: { "com.docker.network.driver.overlay.vxlanid_list": "4099" },
  Labels: { a: "b" },
};

const list = (filters: object) => api.call("GET", `/networks?filters=${encodeURIComponent(JSON.stringify(filters))}`);

describe("GET /networks", () => {
  it("shows the swarm's and the engine's in one list, without those that stand for each node's own", async () => {
    expect((await api.call("GET", "/networks")).json).toEqual([shown, localBridge, localHost]);
  });

  it("leaves out the bridges by which this node takes part in those that are shown", async () => {
    const bridge = (id: string) => ({ Name: id, Id: id, Labels: { "io.shoal.network.id": id } });
    api.engine.answers.set("/networks", [bridge(ov1), bridge("another swarm's"), localBridge]);
    expect((await api.call("GET", "/networks")).json).toMatchObject([
      { Id: ov1 },
      { Id: "another swarm's" },
      localBridge,
    ]);
  });

  it.each([
    [{ scope: ["swarm"] }, ["ov1"]],
    [{ scope: { swarm: true }, driver: ["bridge"] }, []],
    [{ scope: ["swarm"], driver: ["overlay"], type: ["custom"] }, ["ov1"]],
    [{ scope: ["swarm"], type: ["builtin"] }, []],
    [{ scope: ["swarm"], name: ["v1"] }, ["ov1"]],
    [{ scope: ["swarm"], name: ["^ov1$"] }, ["ov1"]],
    [{ scope: ["swarm"], name: ["^v1"] }, []],
    [{ scope: ["swarm"], id: ["mxj"] }, ["ov1"]],
    [{ scope: ["swarm"], label: ["a=b"] }, ["ov1"]],
    [{ scope: ["swarm"], label: ["a=c"] }, []],
  ])("filters by %j", async (filters, names) => {
    const found = (await list(filters)).json as { Name: string }[];
    expect(found.map(({ Name }) => Name)).toEqual(names);
  });

  it("refuses filters it does not know", async () => {
    expect(await list({ bogus: ["x"] })).toMatchObject({ status: 400, json: { message: "Invalid filter 'bogus'" } });
  });

  it("shows on a worker the swarm's networks that the node takes part in, in place of its bridges", async () => {
    api.backend.current = working;
    known = [sampleNetwork(ov1, "ov1", { a: "b" })];
    const Containers = { c0: { Name: "web.1", IPv4Address: "10.0.2.5/24" } };
    const bridge = { Name: "shoal-x-b-1", Id: "b1", Scope: "local", Labels: { "io.shoal.network.id": ov1 } };
    api.engine.answers.set("/networks", [bridge, localBridge]);
    api.engine.answers.set("/networks/b1", { ...bridge, Containers });
    expect((await api.call("GET", "/networks")).json).toEqual([shown, localBridge]);
    for (const reference of [ov1, "ov1", "mxj"])
      expect((await api.call("GET", `/networks/${reference}`)).json).toEqual({ ...shown, Containers });
  });

  it("shows no bridge that stands for a network that a filter leaves out", async () => {
    const bridge = { Name: "shoal-x-b-1", Id: "b1", Scope: "local", Labels: { "io.shoal.network.id": ov1 } };
    api.engine.answers.set("/networks", [bridge, localBridge]);
    expect((await list({ driver: ["bridge"] })).json).toEqual([localBridge]);
  });

  it("shows what there is: no swarm, no engine", async () => {
    api.backend.current = working;
    expect((await api.call("GET", "/networks")).json).toEqual([localBridge, localHost]);
    api.engine.present = false;
    expect((await api.call("GET", "/networks")).json).toEqual([]);
    api.backend.current = managing;
    expect((await api.call("GET", "/networks")).json).toEqual([shown]);
  });
});

describe("GET /networks/{id}", () => {
  it.each([ov1, "ov1", "mxj", `${ov1}?verbose=true&scope=swarm`])("finds the swarm's by %s", async reference => {
    expect((await api.call("GET", `/networks/${reference}`)).json).toEqual(shown);
  });

  it("shows who is on it: this node's containers, the nodes, and all services where that is wanted", async () => {
    const network = sampleNetwork(ov1, "ov1");
    const self = managing.nodeId;
    const on = (address: string) => [create(NetworkAttachmentSchema, { network, addresses: [address] })];
    nodes = [self, "othernode000001"].map((id, at) =>
      create(NodeSchema, { id, status: { addr: `192.0.2.${at + 1}` }, attachments: on(`10.0.2.${at + 3}/24`) }),
    );
    nodes.push(create(NodeSchema, { id: "elsewhere" }));
    tasks = [self, "othernode000001"].map((nodeId, at) =>
      create(TaskSchema, {
        ...{ id: `task${at}`, serviceId: "s", nodeId, slot: BigInt(at + 1), networks: on(`10.0.2.${at + 10}/24`) },
        serviceAnnotations: { name: "web" },
        status: {
          state: TaskState.RUNNING,
          runtimeStatus: { case: "container", value: { containerId: `container${at}` } },
        },
      }),
    );
    services = [
      create(ServiceSchema, {
        id: "s",
        spec: { annotations: { name: "web" } },
        endpoint: { virtualIps: [{ networkId: ov1, addr: "10.0.2.2/24" }] },
      }),
      create(ServiceSchema, { id: "t", spec: { annotations: { name: "other" } } }),
    ];
    const plain = (await api.call("GET", `/networks/${ov1}`)).json;
    expect(plain).toMatchObject({
      Containers: {
        container0: { Name: "web.1.task0", MacAddress: "02:42:0a:00:02:0a", IPv4Address: "10.0.2.10/24" },
        "lb-ov1": { Name: "ov1-endpoint", IPv4Address: "10.0.2.3/24" },
      },
      Labels: {},
      Peers: [
        { Name: self.slice(0, 12), IP: "192.0.2.1" },
        { Name: "othernode000", IP: "192.0.2.2" },
      ],
    });
    expect(plain).not.toHaveProperty("Services");
    expect((await api.call("GET", `/networks/${ov1}?verbose=true`)).json).toMatchObject({
      Services: {
        web: {
          VIP: "10.0.2.2",
          Tasks: [
            { Name: "web.1.task0", EndpointIP: "10.0.2.10", Info: { "Host IP": "192.0.2.1" } },
            { Name: "web.2.task1", EndpointIP: "10.0.2.11", Info: { "Host IP": "192.0.2.2" } },
          ],
        },
      },
    });
  });

  it.each(["bridge", "1491", "host", "host?scope=local"])("gives %s to the engine", async reference => {
    await api.call("GET", `/v1.41/networks/${reference}`);
    expect(api.engine.handedThrough).toMatchObject([{ url: `/v1.41/networks/${reference}` }]);
  });

  it("finds the swarm's host network only in its scope", async () => {
    expect((await api.call("GET", "/networks/host?scope=swarm")).json).toMatchObject({ Id: "4fhost", Driver: "host" });
  });

  it.each([
    ["nope", 404, "network nope not found"],
    ["nope?scope=swarm", 404, "network nope not found"],
    ["ov1?scope=local", 404, "network ov1 not found"],
    ["ov1?verbose=maybe", 400, 'invalid value for verbose: maybe: strconv.ParseBool: parsing "maybe": invalid syntax'],
  ])("%s is %d", async (reference, status, message) => {
    const answer = await api.call("GET", `/networks/${reference}`);
    expect([answer.status, answer.json]).toEqual([status, { message }]);
  });

  it("tells several with one prefix", async () => {
    networks.push(sampleNetwork("mxxxx", "ov2"));
    expect(await api.call("GET", "/networks/mx")).toMatchObject({
      status: 400,
      json: { message: "network mx is ambiguous (2 matches found based on ID prefix)" },
    });
  });
});

describe("POST /networks/{id}/connect", () => {
  it("says that a network takes no containers by hand, and leaves all others to the engine", async () => {
    const closed = sampleNetwork("closed", "closed");
    closed.spec!.attachable = false;
    networks.push(closed);
    const reason = "rpc error: code = PermissionDenied desc = network closed not manually attachable";
    expect(await api.call("POST", "/networks/closed/connect", { Container: "c" })).toMatchObject({
      status: 403,
      json: { message: `Could not attach to network closed: ${reason}` },
    });
    await api.call("POST", "/v1.41/networks/bridge/connect", { Container: "c" });
    expect(api.engine.handedThrough).toMatchObject([{ url: "/v1.41/networks/bridge/connect" }]);
  });
});

describe("POST /networks/create", () => {
  const cli = {
    Name: "ov2",
    Driver: "overlay",
    Scope: "",
    IPAM: { Driver: "default", Options: {}, Config: [{ Subnet: "10.50.0.0/24" }] },
    Internal: false,
    Attachable: true,
    Ingress: false,
    ConfigOnly: false,
    ConfigFrom: null,
    Options: { encrypted: "" },
    Labels: { a: "b" },
    CheckDuplicate: true,
  };

  it("makes the swarm's", async () => {
    const answer = await api.call("POST", "/networks/create", cli);
    expect([answer.status, answer.json]).toEqual([201, { Id: "new", Warning: "" }]);
    expect(asked).toMatchObject([
      {
        what: "create",
        request: {
          annotations: { name: "ov2", labels: { a: "b" } },
          driverConfig: { name: "overlay", options: { encrypted: "" } },
          attachable: true,
          ingress: false,
          ipam: { driver: { name: "default" }, configs: [{ subnet: "10.50.0.0/24" }] },
        },
      },
    ]);
  });

  it("gives the others to the engine, body and all", async () => {
    const body = { Name: "br", Driver: "bridge" };
    await api.call("POST", "/v1.41/networks/create", body);
    expect(api.engine.handedThrough).toEqual([
      { method: "POST", url: "/v1.41/networks/create", body: JSON.stringify(body) },
    ]);
  });

  it.each([
    [{ ...cli, Name: "ov1" }, 409, "network with name ov1 already exists"],
    [{ Name: "ov1", Driver: "bridge" }, 409, "network with name ov1 already exists"],
    [{ ...cli, Name: "bridge" }, 403, "operation is not permitted on predefined bridge network "],
    [{ Name: "", Driver: "overlay" }, 500, "invalid name: "],
    [{ Name: "q", Driver: "bogus", Scope: "swarm" }, 404, 'plugin "bogus" not found'],
    [{ ...cli, IPAM: { Config: [{ Subnet: "bogus" }] } }, 500, "Invalid subnet bogus : invalid CIDR address: bogus"],
    [
      { ...cli, IPAM: { Config: [{ Subnet: "10.0.0.0/33" }] } },
      500,
      "Invalid subnet 10.0.0.0/33 : invalid CIDR address: 10.0.0.0/33",
    ],
    [{ ...cli, IPAM: { Config: [{ Gateway: "x" }] } }, 400, "Invalid IPAM.Config.Gateway x : invalid IP address: x"],
    [{ ...cli, Labels: 1 }, 400, "json: cannot unmarshal number 1 into Go struct field Labels of type struct"],
  ])("refuses %j", async (body, status, message) => {
    const answer = await api.call("POST", "/networks/create", body);
    expect([answer.status, answer.json]).toEqual([status, { message }]);
    expect(asked).toEqual([]);
  });

  it("a name that the engine has is taken too", async () => {
    api.engine.answers.set("/networks", [{ ...localBridge, Name: "ov2" }]);
    expect(await api.call("POST", "/networks/create", cli)).toMatchObject({ status: 409 });
  });

  it.each([
    [inactive, 500, /^This node is not a swarm manager. Use "docker swarm init"/],
    [locked, 500, /^This node is not a swarm manager. Use "docker swarm init"/],
    [working, 403, /^Cannot create a multi-host network from a worker node. Please create/],
  ])("needs a manager (%#)", async (status, code, message) => {
    api.backend.current = status;
    const answer = await api.call("POST", "/networks/create", cli);
    expect(answer).toMatchObject({ status: code, json: { message: expect.stringMatching(message) } });
  });
});

describe("DELETE /networks/{id}", () => {
  it("removes the swarm's", async () => {
    const answer = await api.call("DELETE", "/networks/ov1");
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect(asked).toEqual([{ what: "remove", request: { networkId: ov1 } }]);
  });

  it("gives the engine's to the engine, which keeps its predefined ones", async () => {
    await api.call("DELETE", "/networks/bridge");
    expect(api.engine.handedThrough).toMatchObject([{ method: "DELETE", url: "/networks/bridge" }]);
  });

  it("keeps them where there is no engine", async () => {
    api.engine.present = false;
    expect(await api.call("DELETE", "/networks/bridge")).toMatchObject({
      status: 403,
      json: { message: "bridge is a pre-defined network and cannot be removed" },
    });
    expect(await api.call("DELETE", "/networks/nope")).toMatchObject({ status: 404 });
  });
});
