import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { command } from "../../../test/lab/command.ts";
import { tunnelsUnavailableReason } from "../../../test/lab/requirements.ts";
import { exerciseTunnelOps } from "../../ports/tunnel-ops.contract.test-kit.ts";
import { SimTunnelOps } from "../../sim/tunnel-ops.ts";
import { dumped } from "./tunnel-observation.ts";

const reason = tunnelsUnavailableReason();
const loader = pathToFileURL(join(import.meta.dirname, "../../../node_modules/tsx/dist/loader.mjs")).href;
const alone = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
/** A program's output, run where nothing of it can be left behind. */
const runAlone = async (program: string): Promise<unknown> => {
  const script = 'mount --make-rprivate / && mount -t tmpfs tmpfs /run && exec node --import "$1" "$2"';
  return JSON.parse(await command([...alone, "sh", "-c", script, "sh", loader, join(import.meta.dirname, program)]));
};

describe.skipIf(reason)(`this machine's WireGuard${reason ? ` (skipped: ${reason})` : ""}`, () => {
  it("does what the simulated one does", async () => {
    const real = await runAlone("tunnel-ops.machine.test-kit.ts");
    expect(real).toEqual(JSON.parse(JSON.stringify(await exerciseTunnelOps(new SimTunnelOps()))));
  });

  it("loses nothing when the secret changes, and agrees on nothing without one in common", async () => {
    expect(await runAlone("tunnel-secrets.machine.test-kit.ts")).toEqual({
      "one secret": true,
      "one end has another secret": 5,
      "both ends have it": 5,
      "two secrets from the beginning": 0,
      "one secret again": true,
    });
  });
});

describe("what wg says of a device", () => {
  it("is read", () => {
    const text =
      "cHJpdmF0ZQ==\tcHVibGlj\t7946\toff\nb25l\t(none)\t[2001:db8::2]:7946\t2001:db8::2/128\t17\t1\t2\toff\n";
    expect(dumped(text)).toEqual({
      privateKey: "cHJpdmF0ZQ==",
      port: 7946,
      peers: [
        { key: "b25l", presharedKey: "", endpoint: "[2001:db8::2]:7946", allowed: "2001:db8::2/128", agreedAt: 17 },
      ],
    });
  });

  it("is empty of a device without a key", () => {
    expect(dumped("(none)\t(none)\t0\toff\n")).toEqual({ privateKey: "", port: 0, peers: [] });
  });
});
