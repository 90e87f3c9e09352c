import { enroll } from "../src/node/enroll.ts";
import { LiveIdentity } from "../src/pki/live-identity.ts";
import { newNodeKey, newRequest } from "../src/pki/node-key.ts";
import { RootCa } from "../src/pki/root-ca.ts";
import { systemClock } from "../src/platform/clock.ts";
import { systemRandom } from "../src/platform/random.ts";
import { silentLogger } from "../src/ports/log.ts";
import { grpcTransport } from "../src/rpc/transport.ts";
import { NodeSpec_Availability } from "../src/wire/gen/docker/swarmkit/v1/specs_pb.ts";
import { init, Managers } from "../test/lab/managers.ts";
import { quantile, type Report, settings } from "./lab/report.ts";

const address = "127.0.47.1";

/**
 * How quickly certificates are signed, and how long it takes until nodes that all join at once have theirs: from a real
 * manager, over TLS, in its log on the disk. The joining nodes make their keys in this process, on the same machine.
 */
export async function run(report: Report, args: readonly string[]): Promise<void> {
  const { signatures, nodes } = settings(args, { signatures: 2_000, nodes: 1_000 });
  await measureSigning(report, signatures);
  const managers = new Managers("127.0.47");
  try {
    const manager = await managers.start(1);
    await init(manager);
    const token = await manager.dockerOk("swarm", "join-token", "-q", "worker");
    await measureJoins(report, nodes, token);
    const shown = await manager.dockerOk("node", "ls", "-q");
    if (shown.split("\n").length !== nodes + 1) throw new Error("not every node that joined is in the swarm");
  } finally {
    await managers.dispose();
  }
}

async function measureSigning(report: Report, signatures: number): Promise<void> {
  const rootCa = await RootCa.create(systemClock.now());
  const request = await newRequest(newNodeKey());
  const node = { nodeId: "n".repeat(25), role: "worker", clusterId: "c".repeat(25) } as const;
  const start = performance.now();
  for (let signed = 0; signed < signatures; signed++) await rootCa.sign(request, node, systemClock.now());
  report("certificates signed", (signatures * 1_000) / (performance.now() - start), "1/s", { signatures });
}

async function measureJoins(report: Report, nodes: number, token: string): Promise<void> {
  const transport = grpcTransport({ identity: new LiveIdentity(), log: silentLogger, clock: systemClock });
  let failures = 0;
  const start = performance.now();
  const join = async (): Promise<number> => {
    await enroll({
      ...{ token, signal: new AbortController().signal, dialler: transport, clock: systemClock, random: systemRandom },
      remotes: [`${address}:2377`],
      availability: NodeSpec_Availability.ACTIVE,
      onFailure: () => failures++,
    });
    return performance.now() - start;
  };
  const times = await Promise.all(Array.from({ length: nodes }, join));
  const params = { nodes, "attempts failed": failures };
  report("all nodes have joined", Math.max(...times) / 1_000, "s", params);
  report("half of the nodes have joined", quantile(times, 0.5) / 1_000, "s", params);
}
