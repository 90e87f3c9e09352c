import type { DescMethod } from "@bufbuild/protobuf";
import { type AuditRecord, auditedError, auditedObject } from "../docker-api/audit-record.ts";
import { asFault, faultKind } from "../lib/fault.ts";
import type { Clock } from "../ports/clock.ts";
import type { CallContext, Registration, Transport } from "../ports/transport.ts";
import { NodeCA } from "../wire/gen/docker/swarmkit/v1/ca_pb.ts";
import { Control } from "../wire/gen/docker/swarmkit/v1/control_pb.ts";
import { RaftMembership } from "../wire/gen/docker/swarmkit/v1/raft_pb.ts";

type Handler = (request: unknown, context: CallContext) => Promise<unknown>;

export interface CallAudit {
  readonly write: (record: AuditRecord) => void;
  readonly clock: Clock;
}

/**
 * The same transport, which notes what other nodes change through what is served on it: the swarm's objects, who gets
 * a certificate, who is in the quorum. Calls that are refused by role alone come no further than the transport.
 */
export function auditedTransport<T extends Transport>(transport: T, audit: CallAudit): T {
  return {
    ...transport,
    listen: (address, registrations) =>
      transport.listen(
        address,
        registrations.map(registration => audited(registration, audit)),
      ),
  };
}

function audited({ service, handlers }: Registration, audit: CallAudit): Registration {
  const methods = service.methods.map(method => {
    const handler = (Reflect.get(handlers, method.localName) as Handler).bind(handlers);
    return [method.localName, changes(method) ? noted(method, handler, audit) : handler] as const;
  });
  return { service, handlers: Object.fromEntries(methods) };
}

/** Whether a method changes what a user or operator could ask about. What agents report is not that. */
function changes({ parent, localName }: DescMethod): boolean {
  switch (parent.typeName) {
    case Control.typeName:
      return /^(create|update|remove)/.test(localName);
    case NodeCA.typeName:
      return localName === NodeCA.method.issueNodeCertificate.localName;
    case RaftMembership.typeName:
      return true;
    default:
      return false;
  }
}

function noted(method: DescMethod, handler: Handler, { write, clock }: CallAudit): Handler {
  return async (request, context) => {
    const time = new Date(clock.now()).toISOString();
    const began = clock.monotonic();
    const end = (status: number, error: string, answer: unknown): void =>
      write({
        time,
        who: {
          via: "node",
          nodeId: context.caller?.nodeId ?? "",
          address: context.peerAddress,
          ...(context.forwardedBy === undefined ? {} : { forwardedBy: context.forwardedBy }),
        },
        method: "RPC",
        route: `${method.parent.name}/${method.name}`,
        object: auditedObject(kindOf(method), nameIn(request), idIn(answer) || idIn(request)),
        status,
        ...auditedError(error),
        ms: Math.round(clock.monotonic() - began),
      });
    try {
      const answer = await handler(request, context);
      end(200, "", answer);
      return answer;
    } catch (error) {
      const fault = asFault(error);
      end(faultKind(fault.code).http, fault.message, undefined);
      throw error;
    }
  };
}

/** "service" of UpdateService; certificates and membership are about nodes. */
function kindOf({ parent, name }: DescMethod): string {
  return parent.typeName === Control.typeName ? name.replace(/^(Create|Update|Remove)/, "").toLowerCase() : "node";
}

/** Requests and answers name an object by a field `…Id`, or hold the object itself. */
function idIn(message: unknown): string {
  for (const [key, value] of entriesOf(message)) {
    if (/^[a-z]+Id$/.test(key) && typeof value === "string" && value !== "") return value;
    for (const [inner, id] of entriesOf(value)) if (inner === "id" && typeof id === "string") return id;
  }
  return "";
}

function nameIn(request: unknown): string {
  const spec = member(request, "spec");
  const name = member(member(spec, "annotations"), "name");
  return typeof name === "string" ? name : "";
}

function member(value: unknown, key: string): unknown {
  return entriesOf(value).find(([name]) => name === key)?.[1];
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}
