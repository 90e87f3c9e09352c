import { Fault } from "../../lib/fault.ts";

/** The oldest Docker API that the runtime can work with (Docker 20.10). */
export const oldestApi = "1.41";
/** The newest that it was written for. */
export const newestApi = "1.50";

/** Negative, zero or positive as `a` is older than, the same as, or newer than `b` ("1.9" is older than "1.41"). */
export function compareApi(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split(".").map(Number);
  const [majorB = 0, minorB = 0] = b.split(".").map(Number);
  return majorA - majorB || minorA - minorB;
}

/** The version to talk to an engine whose newest and oldest are given. Faults failed_precondition. */
export function negotiateApi(engineNewest: string, engineOldest: string): string {
  const version = compareApi(engineNewest, newestApi) < 0 ? engineNewest : newestApi;
  if (compareApi(version, oldestApi) < 0)
    throw new Fault(
      "failed_precondition",
      `Cannot use this Docker Engine: its API is ${engineNewest}, ${oldestApi} is the least`,
    );
  if (engineOldest !== "" && compareApi(version, engineOldest) < 0)
    throw new Fault(
      "failed_precondition",
      `Cannot use this Docker Engine: it wants API ${engineOldest} at least, ${version} is the most`,
    );
  return version;
}

/** A request's path for an engine whose newest version is `engineNewest`: a newer one in front is replaced by it. */
export function pathForEngine(path: string, engineNewest: string): string {
  const match = /^\/v(\d+\.\d+)(?=\/)/.exec(path);
  if (!match?.[1] || compareApi(match[1], engineNewest) <= 0) return path;
  return `/v${engineNewest}${path.slice(match[0].length)}`;
}
