import { create, type DescMethod, type DescService, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { newNodeKey, newRequest } from "../../src/pki/node-key.ts";
import { CA, NodeCA } from "../../src/wire/gen/docker/swarmkit/v1/ca_pb.ts";
import { Control } from "../../src/wire/gen/docker/swarmkit/v1/control_pb.ts";
import { Dispatcher } from "../../src/wire/gen/docker/swarmkit/v1/dispatcher_pb.ts";
import { Health } from "../../src/wire/gen/docker/swarmkit/v1/health_pb.ts";
import { LogBroker, Logs } from "../../src/wire/gen/docker/swarmkit/v1/logbroker_pb.ts";
import { Raft, RaftMembership } from "../../src/wire/gen/docker/swarmkit/v1/raft_pb.ts";
import { ResourceAllocator } from "../../src/wire/gen/docker/swarmkit/v1/resource_pb.ts";
import { Watch } from "../../src/wire/gen/docker/swarmkit/v1/watch_pb.ts";
import { Peers } from "../../src/wire/gen/shoal/v1/peers_pb.ts";
import type { Call } from "./calls.ts";
import { anyMessage, varied } from "./message.ts";
import type { Mutator } from "./mutator.ts";

const services: readonly DescService[] = [
  ...[CA, NodeCA, Control, Control, Control, Dispatcher, Health, LogBroker, Logs, Raft, RaftMembership],
  ...[ResourceAllocator, Watch, Peers],
];
/** Tasks that one service may ask for: a million is no mistake of the manager's, and makes everything slow. */
const maxTasks = 4n;
/** Before a message of gRPC. */
export const prefixBytes = 5;

/** What a manager of the swarm can do to it that is no accident: its quorum is the managers'. */
const trusted: ReadonlySet<string> = new Set([Raft.typeName, Peers.typeName]);

/** Whether who has this role is believed whatever it says by this method: SERVICE/METHOD. */
export function isTrusted(role: string, path: string): boolean {
  return role === "manager" && trusted.has(path.split("/")[0] ?? "");
}

/** Messages that were once right, by the name of what they ask for. */
export type Templates = ReadonlyMap<string, readonly Message[]>;

/** A call of any method there is, with a message that was changed before or after it was encoded. */
export function rpcInput(role: string, templates: Templates, mutator: Mutator): Call {
  const service = mutator.one(services);
  const method = mutator.one(service.methods);
  const believed = isTrusted(role, service.typeName);
  const readable = mutator.chance(0.6) && !believed;
  let body: Buffer;
  do body = bodyFor(method, templates, mutator, readable);
  while (believed ? isReadable(method, body) : asksForTooMuch(method, body));
  return {
    kind: `rpc as ${role}`,
    path: mutator.chance(0.02) ? `/${mutator.string(service.typeName)}/${method.name}` : pathOf(method),
    headers: headersFor(mutator),
    body: framed(body, mutator),
    streams: method.methodKind !== "unary" || method === NodeCA.method.nodeCertificateStatus,
  };
}

/** An application for a certificate: a request, a token, or both are not as they were. */
export async function joinInput(role: string, tokens: readonly string[], mutator: Mutator): Promise<Call> {
  const method = NodeCA.method.issueNodeCertificate;
  const isToken = mutator.chance(0.4);
  const request = await genuineRequest(mutator);
  const token = mutator.one(tokens);
  const message = {
    csr: isToken && mutator.chance(0.7) ? request : mutatedRequest(request, mutator),
    token: isToken ? mutator.string(token).replace(/[^\x20-\x7e]/g, "~") : token,
    availability: mutator.below(4),
  };
  return {
    kind: isToken ? `join token as ${role}` : `certificate request as ${role}`,
    path: pathOf(method),
    headers: {},
    body: framed(Buffer.from(toBinary(method.input, create(method.input, message)))),
    streams: false,
  };
}

const keys = Array.from({ length: 4 }, newNodeKey);

function genuineRequest(mutator: Mutator): Promise<Uint8Array> {
  return newRequest(mutator.one(keys));
}

/** Its text, or what is inside. */
function mutatedRequest(request: Uint8Array, mutator: Mutator): Uint8Array {
  if (mutator.chance(0.5)) return mutator.bytes(request);
  const [, base64 = ""] = /-----\n([\s\S]*)-----END/.exec(Buffer.from(request).toString()) ?? [];
  const inside = mutator.bytes(Buffer.from(base64, "base64")).toString("base64");
  return Buffer.from(`-----BEGIN CERTIFICATE REQUEST-----\n${inside}\n-----END CERTIFICATE REQUEST-----\n`);
}

function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function bodyFor(method: DescMethod, templates: Templates, mutator: Mutator, readable: boolean): Buffer {
  const known = templates.get(method.name);
  const message =
    known && mutator.chance(0.7)
      ? varied(method.input, mutator.one(known), mutator)
      : anyMessage(method.input, mutator);
  const bytes = Buffer.from(toBinary(method.input, message));
  return readable ? bytes : mutator.bytes(bytes);
}

/** A gRPC message: a flag, a length, and so many bytes; not always. */
function framed(body: Buffer, mutator?: Mutator): Buffer {
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(body.length, 1);
  const frame = Buffer.concat([prefix, body]);
  if (!mutator?.chance(0.1)) return frame;
  return mutator.chance(0.5) ? Buffer.concat([mutator.bytes(prefix), body]) : mutator.bytes(frame);
}

/** Some pass themselves off as forwarded, or carry what nobody asked for. */
function headersFor(mutator: Mutator): Record<string, string> {
  if (mutator.chance(0.85)) return {};
  const value = () => mutator.text().replace(/[^\x21-\x7e]/g, "");
  const names = ["forwarded_cert", "forwarded_cert_cn", "forwarded_cert_ou", "forwarded_cert_org", "remote_addr"];
  const others = ["grpc-timeout", "grpc-encoding", "grpc-accept-encoding", "x-any", "content-type", "user-agent"];
  const given = [...names, ...others].filter(() => mutator.chance(0.4));
  return Object.fromEntries(given.map(name => [name, name === "forwarded_cert_ou" ? "swarm-worker" : value()]));
}

function isReadable(method: DescMethod, body: Uint8Array): boolean {
  try {
    fromBinary(method.input, body);
    return true;
  } catch {
    return false;
  }
}

function asksForTooMuch({ name, input }: DescMethod, body: Uint8Array): boolean {
  if (name !== "CreateService" && name !== "UpdateService") return false;
  try {
    const { spec } = fromBinary(input, body) as { spec?: { mode?: { value?: Record<string, unknown> } } };
    return Object.values(spec?.mode?.value ?? {}).some(count => typeof count === "bigint" && count > maxTasks);
  } catch {
    return false;
  }
}
