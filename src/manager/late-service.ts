import type { DescMethod, DescService, MessageInitShape } from "@bufbuild/protobuf";
import { Fault } from "../lib/fault.ts";
import type { CallContext, Handlers, Registration } from "../ports/transport.ts";

type Handler = (input: unknown, context: CallContext) => unknown;

/**
 * A service whose handlers are found call by call: they come and go while their address is listened on. `find` may wait
 * for them, and throws the Fault that callers are told when there are none.
 */
export function lateService<S extends DescService>(
  service: S,
  find: (signal: AbortSignal) => Promise<Handlers<S>>,
): Registration {
  return lateRegistration(service, find);
}

/** The same for handlers whose types somebody else has checked. */
export function lateRegistration(service: DescService, find: (signal: AbortSignal) => Promise<object>): Registration {
  const handlers = service.methods.map(method => [method.localName, lateMethod(method, find)] as const);
  return { service, handlers: Object.fromEntries(handlers) };
}

function lateMethod(method: DescMethod, find: (signal: AbortSignal) => Promise<object>): Handler {
  const handle: Handler = async (input, context) => {
    const handlers = await find(context.signal);
    const handler: unknown = Reflect.get(handlers, method.localName);
    if (typeof handler !== "function") throw new Fault("unimplemented", `nothing serves ${method}`);
    return handler.call(handlers, input, context);
  };
  if (method.methodKind !== "server_streaming") return handle;
  return async function* (input, context) {
    yield* (await handle(input, context)) as AsyncIterable<MessageInitShape<DescMethod["output"]>>;
  };
}
