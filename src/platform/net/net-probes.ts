import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../../lib/fault.ts";
import type { NetProbes } from "../../ports/net-probes.ts";
import { passesForwarding } from "./forward-pass.ts";
import { listeningSockets } from "./listening-sockets.ts";
import { reach } from "./ping.ts";
import { differingRules } from "./rules-difference.ts";
import { askByUdp, namePort } from "./upstream.ts";

/** This machine's network, looked at. */
export const systemNetProbes: NetProbes = {
  listeners: listeningSockets,
  differingRules,
  passesForwarding,
  reach,

  async askName(server, query) {
    const answer = await askByUdp(query, server, namePort);
    if (!answer) throw new Fault("unavailable", `no answer from ${server}`);
    return answer;
  },

  async kernel(paths) {
    const found = new Map<string, string>();
    for (const path of paths) {
      const value = await readFile(join("/proc/sys", path), "utf8").catch(() => undefined);
      if (value !== undefined) found.set(path, value.trim());
    }
    return found;
  },
};
