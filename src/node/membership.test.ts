import { create } from "@bufbuild/protobuf";
import { beforeEach, describe, expect, it } from "vitest";
import { newCluster } from "../ca/new-cluster.ts";
import { parseCredentials } from "../pki/credentials.ts";
import type { NodeFiles } from "../pki/key-file.ts";
import { noLock } from "../pki/key-lock.ts";
import { newNodeKey, newRequest } from "../pki/node-key.ts";
import { RootCa } from "../pki/root-ca.ts";
import type { HostAddress } from "../ports/host-addresses.ts";
import { silentLogger } from "../ports/log.ts";
import type { Caller } from "../ports/transport.ts";
import { SimClock } from "../sim/clock.ts";
import { SimDisk } from "../sim/disk.ts";
import { SimRandom } from "../sim/random.ts";
import { ClusterSpecSchema } from "../wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { type MembershipPlace, noteFounded, readMembership, writeMembership } from "./membership.ts";

const clock = new SimClock();
const directory = "/swarm";
const state = {
  listenAddress: "0.0.0.0:2377",
  advertiseAddress: "10.0.0.5:2377",
  asked: { listen: "0.0.0.0:2377", advertise: "eth0", remote: "" },
  managers: ["10.0.0.5:2377"],
};

let disk: SimDisk;
let machine: HostAddress[];
let place: MembershipPlace;

beforeEach(() => {
  disk = new SimDisk();
  machine = [{ interface: "eth0", address: "10.0.0.5", isLoopback: false }];
  const addresses = { list: () => machine, towards: async () => undefined };
  place = { disk, directory, addresses, log: silentLogger };
});

async function filesOf(role: Caller["role"]): Promise<NodeFiles> {
  const rootCa = await RootCa.create(clock.now());
  const keyPem = newNodeKey();
  const self = { nodeId: "n1", role, clusterId: "c1" } as const;
  const certificatePem = await rootCa.sign(await newRequest(keyPem), self, clock.now(), 3_600_000);
  const credentials = parseCredentials({ certificatePem, keyPem, rootPem: rootCa.certificatePem });
  return { ...credentials, headers: new Map(), lock: noLock };
}

describe("a membership on the disk", () => {
  it("is none at first, and what was written afterwards", async () => {
    expect(await readMembership(place)).toBeUndefined();
    const files = await filesOf("worker");
    await writeMembership(place, { files, state });
    expect((await readMembership(place))?.state).toEqual(state);
    expect((await readMembership(place))?.files.certificatePem).toBe(files.certificatePem);
  });

  it("has the present address of the data path's interface", async () => {
    const dataPath = { asked: "eth1", address: "192.168.7.1" };
    await writeMembership(place, { files: await filesOf("worker"), state: { ...state, dataPath } });
    machine = [...machine, { interface: "eth1", address: "192.168.7.2", isLoopback: false }];
    const moved = { ...state, dataPath: { ...dataPath, address: "192.168.7.2" } };
    expect((await readMembership(place))?.state).toEqual(moved);
    machine = machine.slice(0, 1);
    expect((await readMembership(place))?.state).toEqual(moved);
  });

  it("has the machine's present address, from then on", async () => {
    await writeMembership(place, { files: await filesOf("manager"), state });
    machine = [{ interface: "eth0", address: "10.0.0.9", isLoopback: false }];
    const moved = { ...state, advertiseAddress: "10.0.0.9:2377" };
    expect((await readMembership(place))?.state).toEqual(moved);
    machine = [...machine, { interface: "eth0", address: "10.0.0.5", isLoopback: false }];
    expect((await readMembership(place))?.state).toEqual(moved);
  });

  it("waits for a manager's address, not for a worker's", async () => {
    machine = [];
    await writeMembership(place, { files: await filesOf("manager"), state });
    await expect(readMembership(place)).rejects.toMatchObject({ code: "unavailable" });
    await writeMembership(place, { files: await filesOf("worker"), state });
    expect((await readMembership(place))?.state).toEqual(state);
  });

  it("counts for a founder only when the swarm is founded", async () => {
    const settings = { availability: 0, addressPools: [], subnetSize: 0, dataPathPort: 0, random: new SimRandom() };
    const { cluster, node } = await newCluster({ ...settings, spec: create(ClusterSpecSchema), clock });
    const membership = { files: await filesOf("manager"), state, beginning: { kind: "found", cluster, node } } as const;
    await writeMembership(place, membership);
    expect(await readMembership(place)).toBeUndefined();
    expect(await disk.list(directory)).toEqual([]);
    await writeMembership(place, membership);
    await noteFounded(place, state);
    expect((await readMembership(place))?.state).toEqual(state);
  });
});
