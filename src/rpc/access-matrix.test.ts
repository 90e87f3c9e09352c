import { join } from "node:path";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Fault } from "../lib/fault.ts";
import { LiveIdentity } from "../pki/live-identity.ts";
import { systemClock } from "../platform/clock.ts";
import { silentLogger } from "../ports/log.ts";
import type { CallContext, Caller, CallOptions, Connection, Listener } from "../ports/transport.ts";
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
import { TestSwarm } from "./identities.test-kit.ts";
import { grpcTransport } from "./transport.ts";

/*
 * Every method of every service, called by everybody there can be, over real TLS connections to a real listener. The
 * handlers behind it note who they are told is calling, so the table says also whom a method takes its caller for.
 */

const services: readonly DescService[] = [
  file_docker_swarmkit_v1_ca,
  file_docker_swarmkit_v1_control,
  file_docker_swarmkit_v1_dispatcher,
  file_docker_swarmkit_v1_health,
  file_docker_swarmkit_v1_logbroker,
  file_docker_swarmkit_v1_raft,
  file_docker_swarmkit_v1_resource,
  file_docker_swarmkit_v1_watch,
  file_shoal_v1_peers,
  file_shoal_v1_network,
  file_shoal_v1_doctor,
  file_shoal_v1_usage,
].flatMap(file => file.services);

const reached = "the handler was reached";
const removed = new Set(["removed-worker", "removed-manager"]);
const seen: (Caller | undefined)[] = [];

function handlersOf(service: DescService): object {
  const noting = (context: CallContext): Fault => {
    seen.push(context.caller);
    return new Fault("out_of_range", reached);
  };
  const handlers = service.methods.map(method => {
    const unary = async (_: unknown, context: CallContext) => Promise.reject(noting(context));
    // biome-ignore lint/correctness/useYield: it ends before it has anything to give
    const stream = async function* (_: unknown, context: CallContext) {
      throw noting(context);
    };
    return [method.localName, method.methodKind === "server_streaming" ? stream : unary] as const;
  });
  return Object.fromEntries(handlers);
}

type Method = (request: unknown, options?: CallOptions) => Promise<unknown> | AsyncIterable<unknown>;

async function call(connection: Connection, method: DescMethod, options: CallOptions): Promise<void> {
  const client = connection.client(method.parent) as Readonly<Record<string, Method>>;
  const request = method.methodKind === "client_streaming" ? (async function* () {})() : {};
  const answer = client[method.localName]!(request, options);
  if (Symbol.asyncIterator in answer) for await (const _ of answer);
  else await answer;
}

/** "as nobody", "as worker" or "as manager" for a call that gets to its handler; "–" for one that is refused. */
async function verdict(connection: Connection, method: DescMethod, options: CallOptions): Promise<string> {
  seen.length = 0;
  try {
    await call(connection, method, options);
    return "answered without its handler";
  } catch (error) {
    const { code, message } = error as Fault;
    if (message === reached && seen.length === 1) return `as ${seen[0]?.role ?? "nobody"}`;
    if (seen.length === 0 && (code === "permission_denied" || code === "unauthenticated")) return "–";
    return `${code}: ${message}`;
  }
}

interface Column {
  readonly title: string;
  readonly connection: Connection;
  readonly options: CallOptions;
}

const opened: { close(): unknown }[] = [];
let listener: Listener;
let direct: Column[];
let passedOn: Column[];

beforeAll(async () => {
  const [swarm, stranger] = [await TestSwarm.create(), await TestSwarm.create()];
  const transport = (identity: LiveIdentity) =>
    grpcTransport({ identity, clock: systemClock, log: silentLogger, isRevoked: nodeId => removed.has(nodeId) });
  listener = await transport(await swarm.identity("server", "manager")).listen(
    "127.0.0.1:0",
    services.map(service => ({ service, handlers: handlersOf(service) })),
  );
  opened.push(listener);
  const dial = (identity: LiveIdentity): Connection => {
    const connection = transport(identity).connect(listener.address);
    opened.push(connection);
    return connection;
  };
  const anonymous = transport(new LiveIdentity()).connectAnonymous(listener.address, { kind: "none" });
  opened.push(anonymous);
  const of = async (...given: Parameters<TestSwarm["credentials"]>) =>
    dial(new LiveIdentity(await swarm.credentials(...given)));
  const foreign = { ...(await stranger.credentials("m", "manager")), rootPem: swarm.ca.certificatePem };
  const manager = await of("m", "manager");
  const worker = await of("w");
  const column = (title: string, connection: Connection, options: CallOptions = {}): Column => ({
    ...{ title, connection, options },
  });
  direct = [
    column("no certificate", anonymous),
    column("worker", worker),
    column("manager", manager),
    column("expired", await of("m", "manager", { expiryMs: -1_000 })),
    column("another root's manager", dial(new LiveIdentity(foreign))),
    column("another swarm's manager", await of("m", "manager", { clusterId: "theirs" })),
    column("removed worker", await of("removed-worker")),
    column("removed manager", await of("removed-manager", "manager")),
  ];
  const whose = (caller: Caller | undefined): CallOptions => ({ forwarding: { caller, peerAddress: "10.0.0.7" } });
  const node = (nodeId: string, role: Caller["role"], clusterId = "cluster"): Caller => ({ nodeId, role, clusterId });
  passedOn = [
    column("manager for nobody", manager, whose(undefined)),
    column("manager for a worker", manager, whose(node("w", "worker"))),
    column("manager for a manager", manager, whose(node("m", "manager"))),
    column("manager for another swarm's", manager, whose(node("m", "manager", "theirs"))),
    column("manager for a removed manager", manager, whose(node("removed-manager", "manager"))),
    column("worker for a manager", worker, whose(node("m", "manager"))),
    column("nobody for a manager", anonymous, whose(node("m", "manager"))),
    column("removed manager for a worker", direct.at(-1)!.connection, whose(node("w", "worker"))),
  ];
});
afterAll(async () => {
  for (const each of opened.reverse()) await each.close();
});

async function table(columns: readonly Column[]): Promise<string> {
  const lines = [
    `| | ${columns.map(({ title }) => title).join(" | ")} |`,
    `|---|${columns.map(() => "---|").join("")}`,
  ];
  for (const service of services)
    for (const method of service.methods) {
      const verdicts: string[] = [];
      for (const { connection, options } of columns) verdicts.push(await verdict(connection, method, options));
      lines.push(`| ${service.name}.${method.name} | ${verdicts.join(" | ")} |`);
    }
  return lines.join("\n");
}

const intro = `# Who may call what

Every method between nodes, called by everybody there can be over a real connection. Written by \`src/rpc/access-matrix.test.ts\`
(\`npx vitest run src/rpc/access-matrix -u\`), which fails when anything differs from this page. The rule is one table,
\`src/rpc/roles.ts\`.

"as …" is whom the method takes its caller for: always what the certificate says, or nobody. "–" is refused before the method
sees the call. Certificates that are expired or under another root count as none.`;

const forwarded = `## Calls that are passed on

A manager that does not lead passes calls on to the leader and says whose they are. Only managers of the swarm are believed, and
what managers tell each other in raft is never passed on.`;

describe("the services between nodes", () => {
  it("are open to whom docs/RPC-ACCESS.md says (npx vitest run src/rpc/access-matrix -u writes it)", async () => {
    const page = [intro, await table(direct), forwarded, await table(passedOn)].join("\n\n");
    await expect(`${page}\n`).toMatchFileSnapshot(join(import.meta.dirname, "../../docs/RPC-ACCESS.md"));
  }, 60_000);

  it("never take anybody for more than they are", async () => {
    const sure = { "no certificate": "nobody", worker: "worker", expired: "nobody", "manager for a worker": "worker" };
    for (const { title, connection, options } of [...direct, ...passedOn])
      for (const method of services.flatMap(service => service.methods)) {
        const found = await verdict(connection, method, options);
        expect(found, `${method} by ${title}`).toMatch(/^(–|as (nobody|worker|manager))$/);
        const most = (sure as Readonly<Record<string, string>>)[title];
        if (most && found !== "–") expect(found, `${method} by ${title}`).toBe(`as ${most}`);
        if (/^removed|removed manager|^(worker|nobody) for/.test(title) && !/^manager for/.test(title))
          expect(found, `${method} by ${title}`).toBe("–");
      }
  }, 60_000);
});
