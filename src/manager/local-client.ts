import { create, type DescMethod, type DescService, type MessageInitShape } from "@bufbuild/protobuf";
import { Fault } from "../lib/fault.ts";
import type { CallContext, Caller, CallOptions, Client, Handlers } from "../ports/transport.ts";

type AnyHandler = (request: unknown, context: CallContext) => unknown;

/**
 * Calls a service's handlers in this process as `caller` would over the wire: the same messages, faults and aborts, without
 * encoding them. Deadlines are the caller's affair: it aborts.
 */
export function localClient<S extends DescService>(service: S, handlers: Handlers<S>, caller: Caller): Client<S> {
  const methods = Object.values<DescMethod>(service.method).map(method => {
    const handler = (handlers as Readonly<Record<string, AnyHandler>>)[method.localName];
    if (!handler) throw new Fault("internal", `Cannot call ${service.typeName}/${method.name}: it has no handler`);
    return [method.localName, localMethod(method, handler, caller)] as const;
  });
  return Object.fromEntries(methods) as Client<S>;
}

function localMethod(method: DescMethod, handler: AnyHandler, caller: Caller) {
  const context = (options: CallOptions | undefined): CallContext => ({
    caller,
    peerAddress: "127.0.0.1",
    signal: options?.signal ?? new AbortController().signal,
  });
  const output = (message: unknown) => create(method.output, message as MessageInitShape<typeof method.output>);
  const input = (message: unknown) => create(method.input, message as MessageInitShape<typeof method.input>);
  const kind = method.methodKind;
  switch (kind) {
    case "unary":
      return async (request: unknown, options?: CallOptions) => output(await handler(input(request), context(options)));
    case "client_streaming":
      return async (requests: AsyncIterable<unknown>, options?: CallOptions) =>
        output(await handler(mapped(requests, input), context(options)));
    case "server_streaming":
      return (request: unknown, options?: CallOptions) =>
        mapped(handler(input(request), context(options)) as AsyncIterable<unknown>, output);
    case "bidi_streaming":
      throw new Fault("internal", `Cannot call ${method.name}: no service of the protocol streams both ways`);
    default:
      return kind satisfies never;
  }
}

async function* mapped<A, B>(source: AsyncIterable<A>, change: (value: A) => B): AsyncIterable<B> {
  for await (const value of source) yield change(value);
}
