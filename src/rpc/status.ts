import type { ServiceError, StatusObject } from "@grpc/grpc-js";
import { AssertionError } from "../lib/assert.ts";
import { asFault, Fault, faultCodeOf, faultKind } from "../lib/fault.ts";
import type { Logger } from "../ports/log.ts";
import { maxStatusTextLength } from "./limits.ts";

/** Halves of a UTF-16 pair alone: they cannot be encoded into a header. */
const LONE_SURROGATES = /\p{Surrogate}/gu;

/** A Fault as it travels: code and text, the text cut to what fits into a header. */
export function statusOf(fault: Fault): Pick<StatusObject, "code" | "details"> {
  const details = fault.message.slice(0, maxStatusTextLength).replace(LONE_SURROGATES, "\ufffd");
  return { code: faultKind(fault.code).grpc, details };
}

/** The Fault that a status stands for. */
export function faultOf(error: ServiceError): Fault {
  return new Fault(faultCodeOf(error.code), error.details, { cause: error });
}

/**
 * What a handler threw, as the Fault its caller is told. Anything but a Fault is our own mistake: it is logged, and a
 * broken assertion ends the process as everywhere else.
 */
export function thrownFault(error: unknown, method: string, log: Logger): Fault {
  if (error instanceof AssertionError)
    queueMicrotask(() => {
      throw error;
    });
  if (!(error instanceof Fault)) log.error("a call failed unexpectedly", { method, error });
  return asFault(error);
}
