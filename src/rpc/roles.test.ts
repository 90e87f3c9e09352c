import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DescMethod } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { Caller } from "../ports/transport.ts";
import { file_docker_swarmkit_v1_ca } from "../wire/gen/docker/swarmkit/v1/ca_pb.ts";
import { file_docker_swarmkit_v1_control } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { file_docker_swarmkit_v1_dispatcher } from "../wire/gen/docker/swarmkit/v1/dispatcher_pb.ts";
import { file_docker_swarmkit_v1_health } from "../wire/gen/docker/swarmkit/v1/health_pb.ts";
import { file_docker_swarmkit_v1_logbroker } from "../wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import { file_docker_swarmkit_v1_raft } from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import { file_docker_swarmkit_v1_resource } from "../wire/gen/docker/swarmkit/v1/resource_pb.ts";
import { file_docker_swarmkit_v1_watch } from "../wire/gen/docker/swarmkit/v1/watch_pb.ts";
import { file_shoal_v1_doctor } from "../wire/gen/shoal/v1/doctor_pb.ts";
import { file_shoal_v1_network } from "../wire/gen/shoal/v1/network_pb.ts";
import { file_shoal_v1_peers } from "../wire/gen/shoal/v1/peers_pb.ts";
import { file_shoal_v1_usage } from "../wire/gen/shoal/v1/usage_pb.ts";
import { type Access, authorize, authorizeForwarder } from "./roles.ts";

const methods: readonly DescMethod[] = [
  file_docker_swarmkit_v1_ca,
  file_docker_swarmkit_v1_control,
  file_docker_swarmkit_v1_dispatcher,
  file_docker_swarmkit_v1_health,
  file_docker_swarmkit_v1_logbroker,
  file_docker_swarmkit_v1_raft,
  file_docker_swarmkit_v1_resource,
  file_docker_swarmkit_v1_watch,
  file_shoal_v1_network,
  file_shoal_v1_doctor,
  file_shoal_v1_peers,
  file_shoal_v1_usage,
].flatMap(file => file.services.flatMap(service => service.methods));

/** What the comment above each method in the .proto files says about its callers. */
function statedAccess(): Map<string, Access> {
  const protocols = join(import.meta.dirname, "../wire/proto");
  const stated = new Map<string, Access>();
  const words: Record<string, Access> = {
    anyone: "anyone",
    worker: "node",
    manager: "manager",
  };
  for (const name of readdirSync(protocols, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".proto")) continue;
    const text = readFileSync(join(protocols, name), "utf8");
    for (const service of text.matchAll(/^service (\w+) \{([\s\S]*?)^\}/gm))
      for (const [, who = "", method] of service[2]!.matchAll(/\/\/ Callers: (\w+)[^\n]*\n\s*rpc (\w+)\(/g))
        stated.set(`${service[1]}.${method}`, words[who]!);
  }
  return stated;
}

const worker: Caller = { nodeId: "w", role: "worker", clusterId: "ours" };
const manager: Caller = { nodeId: "m", role: "manager", clusterId: "ours" };
const callers: readonly (readonly [string, Caller | undefined, readonly Access[]])[] = [
  ["nobody", undefined, ["anyone"]],
  ["a worker", worker, ["anyone", "node"]],
  ["a manager", manager, ["anyone", "node", "manager"]],
  ["another swarm's worker", { ...worker, clusterId: "theirs" }, ["anyone"]],
  ["another swarm's manager", { ...manager, clusterId: "theirs" }, ["anyone"]],
];

describe("who may call what", () => {
  const stated = statedAccess();

  it("is said of every method of the protocol", () => {
    expect(methods.length).toBeGreaterThan(60);
    const names = methods.map(method => `${method.parent.name}.${method.name}`);
    expect([...stated.keys()].sort()).toEqual(names.sort());
  });

  for (const method of methods)
    it.each(callers)(`${method.parent.name}.${method.name} by %s`, (_, caller, allowed) => {
      const access = stated.get(`${method.parent.name}.${method.name}`)!;
      const attempt = () => authorize(method, caller, "ours");
      if (!allowed.includes(access)) {
        const code = caller ? "permission_denied" : "unauthenticated";
        const message = expect.stringMatching(/^Permission denied: /);
        expect(attempt).toThrow(expect.objectContaining({ name: "Fault", code, message }));
      } else expect(attempt()).toBe(caller?.clusterId === "ours" ? caller : undefined);
    });
});

describe("who may speak for another caller", () => {
  const [heartbeat, deliver, processRaftMessage] = ["heartbeat", "deliver", "processRaftMessage"].map(
    name => methods.find(({ localName }) => localName === name)!,
  );

  it.each<[string, DescMethod, Caller | undefined, boolean]>([
    ["a manager", heartbeat!, manager, true],
    ["a worker", heartbeat!, worker, false],
    ["nobody", heartbeat!, undefined, false],
    ["another swarm's manager", heartbeat!, { ...manager, clusterId: "theirs" }, false],
    ["a manager, between members", deliver!, manager, false],
    ["a manager, with a message of raft's", processRaftMessage!, manager, false],
  ])("%s", (_, method, forwarder, allowed) => {
    const attempt = () => authorizeForwarder(method, forwarder, "ours");
    if (allowed) expect(attempt()).toBe(forwarder);
    else expect(attempt).toThrow(expect.objectContaining({ code: "permission_denied" }));
  });
});
