import { Fault, type FaultCode } from "../lib/fault.ts";

/** Runs what does something to a disk; its failures become Faults that say `action`, and why. */
export async function guarded<T>(action: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw diskFault(action, error);
  }
}

export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

export function diskFault(action: string, error: unknown): Fault {
  const code: FaultCode = error instanceof Fault ? error.code : codeOf(errnoOf(error));
  return new Fault(code, `${action}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}

function codeOf(errno: string | undefined): FaultCode {
  switch (errno) {
    case "ENOENT":
    case "ENOTDIR":
      return "not_found";
    case "ENOSPC":
    case "EDQUOT":
      return "resource_exhausted";
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return "permission_denied";
    default:
      return "data_loss";
  }
}
