import { Fault, type FaultCode } from "../../lib/fault.ts";

/** What an engine's HTTP status means, its text kept as it is. */
export function faultOfStatus(status: number, message: string): Fault {
  return new Fault(codeOfStatus(status, message), message);
}

function codeOfStatus(status: number, message: string): FaultCode {
  switch (status) {
    case 400:
      return "invalid_argument";
    case 401:
      return "unauthenticated";
    case 403:
      return "permission_denied";
    case 404:
      return "not_found";
    case 409:
      return /already (in use|exists)/.test(message) ? "already_exists" : "failed_precondition";
    case 501:
      return "unimplemented";
    case 503:
      return "unavailable";
    default:
      return "unknown";
  }
}

/** What it means when no answer came: the engine is away (whatever the reason) and may come back. */
export function faultOfConnection(endpoint: string, cause: unknown): Fault {
  if (cause instanceof Fault) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Fault("unavailable", `Cannot reach the Docker Engine at ${endpoint}: ${why}`, { cause });
}

/** The text in the body of an engine's error answer: JSON `{"message"}`, or plain text from the oldest ones. */
export function errorText(status: number, body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === "object" && parsed !== null && "message" in parsed && typeof parsed.message === "string")
      return parsed.message;
  } catch {
    // Not JSON: the text itself.
  }
  return body.trim() || `the Docker Engine answered ${status}`;
}
