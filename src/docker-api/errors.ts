import { noLeaderText } from "../consensus/leadership.ts";
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
  const status = fault.message.endsWith(noLeaderText) ? leaderless.http : faultKind(fault.code).http;
  return { status, message: fault.message };
}

/** SwarmKit has no code for having no leader, so that dockerd answers as for any error it does not know. */
const leaderless = faultKind("unknown");

/** The text of a fault of the cluster's API, as Go's gRPC client spells it; docker clients match on it. */
export function rpcText(fault: Fault): string {
  const { goName } = fault.message === noLeaderText ? leaderless : faultKind(fault.code);
  return `rpc error: code = ${goName} desc = ${fault.message}`;
}
