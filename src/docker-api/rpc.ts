import { asFault, Fault } from "../lib/fault.ts";
import { rpcText } from "./errors.ts";

/**
 * The same client, its faults spelt with gRPC's prefix as Docker shows them. Faults of ours keep their bare text: what
 * went through here came from the cluster.
 */
export function withRpcTexts<T extends object>(client: T): T {
  return new Proxy(client, {
    get(target, key) {
      const method: unknown = Reflect.get(target, key);
      if (typeof method !== "function") return method;
      return (...parameters: unknown[]) => {
        const result: unknown = Reflect.apply(method, target, parameters);
        if (result instanceof Promise) return result.catch(rethrow);
        return isAsyncIterable(result) ? prefixed(result) : result;
      };
    },
  });
}

function rethrow(error: unknown): never {
  const fault = asFault(error);
  throw new Fault(fault.code, rpcText(fault), { cause: fault });
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

async function* prefixed(source: AsyncIterable<unknown>): AsyncIterable<unknown> {
  try {
    yield* source;
  } catch (error) {
    rethrow(error);
  }
}
