/**
 * The one error type for everything that can go wrong while operating: wrong input, lost peers, full disks.
 * Codes are gRPC's canonical ones (https://grpc.io/docs/guides/status-codes/), so they travel between nodes unchanged.
 */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: FaultCode;

  constructor(code: FaultCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

interface FaultKind {
  /** The number on the wire. */
  readonly grpc: number;
  /** The spelling Go's gRPC uses in `rpc error: code = … desc = …`, which Docker clients match on. */
  readonly goName: string;
  /** The HTTP status dockerd answers for it. */
  readonly http: number;
}

const KINDS = {
  cancelled: { grpc: 1, goName: "Canceled", http: 500 },
  unknown: { grpc: 2, goName: "Unknown", http: 500 },
  invalid_argument: { grpc: 3, goName: "InvalidArgument", http: 400 },
  deadline_exceeded: { grpc: 4, goName: "DeadlineExceeded", http: 500 },
  not_found: { grpc: 5, goName: "NotFound", http: 404 },
  already_exists: { grpc: 6, goName: "AlreadyExists", http: 409 },
  permission_denied: { grpc: 7, goName: "PermissionDenied", http: 403 },
  resource_exhausted: { grpc: 8, goName: "ResourceExhausted", http: 500 },
  failed_precondition: { grpc: 9, goName: "FailedPrecondition", http: 400 },
  aborted: { grpc: 10, goName: "Aborted", http: 500 },
  out_of_range: { grpc: 11, goName: "OutOfRange", http: 400 },
  unimplemented: { grpc: 12, goName: "Unimplemented", http: 501 },
  internal: { grpc: 13, goName: "Internal", http: 500 },
  unavailable: { grpc: 14, goName: "Unavailable", http: 503 },
  data_loss: { grpc: 15, goName: "DataLoss", http: 500 },
  unauthenticated: { grpc: 16, goName: "Unauthenticated", http: 401 },
} as const satisfies Record<string, FaultKind>;

export type FaultCode = keyof typeof KINDS;

/** How a code is spelt on the wire, in Go's texts and in HTTP. */
export function faultKind(code: FaultCode): FaultKind {
  return KINDS[code];
}

/** The code for a gRPC status number; numbers from a newer peer become "unknown". */
export function faultCodeOf(grpc: number): FaultCode {
  for (const [code, kind] of Object.entries(KINDS)) if (kind.grpc === grpc) return code as FaultCode;
  return "unknown";
}

/** Any thrown value as a Fault: Faults pass, everything else becomes "unknown" with its message and cause kept. */
export function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault("unknown", error instanceof Error ? error.message : String(error), { cause: error });
}
