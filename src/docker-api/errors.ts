import { asFault, type Fault, faultKind } from "../lib/fault.ts";

/** An answer that is an error with a status of its own, where no Fault code maps to the status Docker gives. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Docker's answer to unknown paths, and to known paths with the wrong method. */
export function pageNotFound(): HttpError {
  return new HttpError(404, "page not found");
}

/** The status and text a client gets for anything that a handler threw. */
export function describeError(error: unknown): { readonly status: number; readonly message: string } {
  if (error instanceof HttpError) return { status: error.status, message: error.message };
  const fault = asFault(error);
  return { status: faultKind(fault.code).http, message: fault.message };
}

/** The text of a fault of the cluster's API, as Go's gRPC client spells it; docker clients match on it. */
export function rpcText(fault: Fault): string {
  return `rpc error: code = ${faultKind(fault.code).goName} desc = ${fault.message}`;
}
