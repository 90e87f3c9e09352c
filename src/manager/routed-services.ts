import type { DescMethod, DescService, Message, MessageInitShape } from "@bufbuild/protobuf";
import { noLeader } from "../consensus/leadership.ts";
import { defined } from "../lib/assert.ts";
import { Fault } from "../lib/fault.ts";
import type { CallContext, CallOptions, Connection, Registration } from "../ports/transport.ts";
import { CA, NodeCA } from "../wire/gen/docker/swarmkit/v1/ca_pb.ts";
import { Control } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { RaftMembership } from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";
import { ResourceAllocator } from "../wire/gen/docker/swarmkit/v1/resource_pb.ts";
import type { LeaderRoute, Routed } from "./leader-route.ts";

type Init = MessageInitShape<DescMethod["output"]>;
type Handler = (input: unknown, context: CallContext) => unknown;
type Caller = (input: unknown, options: CallOptions) => unknown;

export interface RouteParts {
  readonly route: LeaderRoute;
  /** Resolves when what is read here next shows all that was answered before. */
  readonly readBarrier: () => Promise<void>;
}

/** The same service, done by whoever leads. `registration` is what does it when this manager is the leader. */
export function routed({ service, handlers: own }: Registration, parts: RouteParts): Registration {
  const clients = new Clients(service);
  const handlers = service.methods.map(method => {
    const handler = Reflect.get(own, method.localName) as Handler;
    return [method.localName, routedMethod(method, handler.bind(own), clients, parts)] as const;
  });
  return { service, handlers: Object.fromEntries(handlers) };
}

/** A service's methods at the other end of a connection, made once for each: there is a call for every heartbeat. */
class Clients {
  readonly #service: DescService;
  readonly #made = new WeakMap<Connection, object>();

  constructor(service: DescService) {
    this.#service = service;
  }

  method({ localName }: DescMethod, connection: Connection): Caller {
    let client = this.#made.get(connection);
    if (!client) {
      client = connection.client(this.#service) as object;
      this.#made.set(connection, client);
    }
    return defined(Reflect.get(client, localName) as Caller | undefined, `a client's method ${localName}`);
  }
}

function routedMethod(
  method: DescMethod,
  handler: Handler,
  clients: Clients,
  { route, readBarrier }: RouteParts,
): Handler {
  const routed: Routed = { method, kind: kindOf(method) };
  const isRead = needsBarrier(method);
  const kind = method.methodKind;
  switch (kind) {
    case "unary":
      return (request, context) =>
        route.unary(routed, context, {
          here: async () => {
            if (isRead) await readBarrier();
            try {
              return await handler(request, context);
            } catch (error) {
              throw routed.kind === "write" ? await refusal(error, readBarrier) : error;
            }
          },
          there: (leader, options) => clients.method(method, leader.connection)(request, options) as Promise<Message>,
        });
    case "server_streaming":
      return (request, context) =>
        route.stream(routed, context, {
          here: () => handler(request, context) as AsyncIterable<Init>,
          there: (leader, options) =>
            clients.method(method, leader.connection)(request, options) as AsyncIterable<Message>,
        });
    case "client_streaming":
      return (requests, context) =>
        route.once(context, {
          here: async () => handler(requests, context),
          there: (leader, options) => clients.method(method, leader.connection)(requests, options) as Promise<Message>,
        });
    case "bidi_streaming":
      throw new Fault("internal", `Cannot route ${method}: no service of the protocol streams both ways`);
    default:
      return kind satisfies never;
  }
}

/**
 * What the caller of a change that was refused is told. That says what the swarm is like, as a read does: only a leader that still
 * leads knows. One that does not has refused by what it knew before, and has changed nothing.
 */
async function refusal(error: unknown, readBarrier: () => Promise<void>): Promise<unknown> {
  if (!(error instanceof Fault) || error.code === "unavailable") return error;
  return readBarrier().then(
    () => error,
    () => noLeader(),
  );
}

function kindOf(method: DescMethod): Routed["kind"] {
  switch (method.parent.typeName) {
    case Control.typeName:
      return needsBarrier(method) ? "read" : "write";
    case CA.typeName:
      return "read";
    case NodeCA.typeName:
      return method.localName === NodeCA.method.nodeCertificateStatus.localName ? "read" : "write";
    case RaftMembership.typeName:
    case ResourceAllocator.typeName:
      return "write";
    default:
      return "report";
  }
}

/** Who changes something and then asks for it is to see the change, whichever managers it talks to. */
function needsBarrier({ parent, localName }: DescMethod): boolean {
  if (parent.typeName === CA.typeName) return localName === CA.method.getUnlockKey.localName;
  return parent.typeName === Control.typeName && /^(get|list)/.test(localName);
}
