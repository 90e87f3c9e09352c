import { create } from "@bufbuild/protobuf";
import { beforeEach, describe, expect, it } from "vitest";
import type { AuditRecord } from "../docker-api/audit-record.ts";
import { Fault } from "../lib/fault.ts";
import type { Client, Handlers } from "../ports/transport.ts";
import { register } from "../ports/transport.ts";
import { SimClock } from "../sim/clock.ts";
import { SimNetwork } from "../sim/transport.ts";
import { NodeCA } from "../wire/gen/docker/swarmkit/v1/ca_pb.ts";
import { Control } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { NodeSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { auditedTransport } from "./audited-transport.ts";

/** What the manager does; the rest is not asked for. */
const control: Partial<Handlers<typeof Control>> = {
  createSecret: async ({ spec }) => ({ secret: { id: "sid", spec: { annotations: spec?.annotations ?? {} } } }),
  updateNode: async () => ({}),
  removeService: async () => {
    throw new Fault("not_found", "service s1 not found");
  },
  listServices: async () => ({ services: [] }),
};

const certificates: Partial<Handlers<typeof NodeCA>> = {
  issueNodeCertificate: async () => ({ nodeId: "n9" }),
};

describe("auditedTransport", () => {
  let records: AuditRecord[];
  let swarm: Client<typeof Control>;
  let ca: Client<typeof NodeCA>;

  beforeEach(async () => {
    records = [];
    const clock = new SimClock();
    const network = new SimNetwork({ clock });
    const transport = auditedTransport(network.transport("m1"), { write: record => records.push(record), clock });
    const missing = async (): Promise<never> => {
      throw new Fault("unimplemented", "not in this test");
    };
    const all = <H extends object>(service: typeof Control | typeof NodeCA, some: H): H =>
      ({ ...Object.fromEntries(service.methods.map(({ localName }) => [localName, missing])), ...some }) as H;
    await transport.listen("10.0.0.1:2377", [
      register(Control, all(Control, control) as Handlers<typeof Control>),
      register(NodeCA, all(NodeCA, certificates) as Handlers<typeof NodeCA>),
    ]);
    const caller = { nodeId: "n2", role: "manager", clusterId: "c" } as const;
    const connection = network.transport("m2", caller).connect("10.0.0.1:2377");
    swarm = connection.client(Control);
    ca = connection.client(NodeCA);
  });

  const told = () =>
    records.map(({ time, ms, who, ...record }) => {
      expect([Date.parse(time) >= 0, ms >= 0]).toEqual([true, true]);
      expect(who).toMatchObject({ via: "node", nodeId: "n2" });
      return record;
    });

  it("notes what another node changes, and nothing of what is in it", async () => {
    const secret = await swarm.createSecret({ spec: { annotations: { name: "key" }, data: Buffer.from("hidden") } });
    expect(secret.secret?.id).toBe("sid");
    await swarm.updateNode({ nodeId: "n3", spec: create(NodeSpecSchema, { annotations: { name: "" } }) });
    await expect(swarm.removeService({ serviceId: "s1" })).rejects.toThrow("service s1 not found");
    const rpc = { method: "RPC" };
    expect(told()).toEqual([
      { ...rpc, route: "Control/CreateSecret", object: { kind: "secret", name: "key", id: "sid" }, status: 200 },
      { ...rpc, route: "Control/UpdateNode", object: { kind: "node", id: "n3" }, status: 200 },
      {
        ...{ ...rpc, route: "Control/RemoveService", object: { kind: "service", id: "s1" }, status: 404 },
        error: "service s1 not found",
      },
    ]);
    expect(JSON.stringify(records)).not.toMatch(/hidden|aGlkZGVu/);
  });

  it("notes who gets a certificate, and not with what token", async () => {
    await ca.issueNodeCertificate({ token: "SWMTKN-1-hidden" });
    expect(told()).toEqual([
      { method: "RPC", route: "NodeCA/IssueNodeCertificate", object: { kind: "node", id: "n9" }, status: 200 },
    ]);
    expect(JSON.stringify(records)).not.toContain("hidden");
  });

  it("notes nothing of calls that only read", async () => {
    await swarm.listServices({});
    expect(records).toEqual([]);
  });
});
