import { Fault } from "../../lib/fault.ts";
import { AttachFault } from "../../ports/container-networks.ts";
import { rpcText } from "../errors.ts";

const lateText =
  "attaching to network failed, make sure your network options are correct and check manager logs: context deadline exceeded";

/** Does what may put a container onto a network. Why it could not be is told in Docker's words. */
export async function attaching<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AttachFault)) throw error;
    const { code, network } = error;
    const text = code === "deadline_exceeded" ? lateText : `Could not attach to network ${network}: ${rpcText(error)}`;
    throw new Fault(code, text, { cause: error });
  }
}
