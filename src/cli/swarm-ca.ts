import type { Command } from "commander";
import { said } from "../compose/said.ts";
import type { Api } from "./api.ts";
import { CliError } from "./failure.ts";
import { print } from "./output.ts";
import { caOptions, changedSwarmSpec, pemFile, type SwarmFlags } from "./swarm-spec.ts";
import type { NodeView, SwarmView } from "./types.ts";

/** How often it is looked how far the rotation is, in milliseconds. */
const pollMs = 500;

interface CaFlags extends Pick<SwarmFlags, "certExpiry" | "externalCa"> {
  readonly rotate?: boolean;
  readonly caCert?: string;
  readonly caKey?: string;
  readonly detach?: boolean;
  readonly quiet?: boolean;
}

/** `shoal swarm ca`: shows the root certificate, or takes another one. */
export function caCommand(swarm: Command, api: () => Api): void {
  caOptions(swarm.command("ca").description("Show the root CA's certificate, or change the root CA"))
    .option("--rotate", "take another root CA: a new one, or the one given")
    .option("--ca-cert <file>", "its certificate (PEM)")
    .option("--ca-key <file>", "its key (PEM)")
    .option("-d, --detach", "do not wait until every node has a certificate of the new CA")
    .option("-q, --quiet", "do not show how it gets on")
    .action((flags: CaFlags) => (flags.rotate ? rotate(api(), flags) : show(api(), flags)));
}

async function show(api: Api, flags: CaFlags): Promise<void> {
  const needless = ["caCert", "caKey", "certExpiry", "externalCa"].find(name => Reflect.get(flags, name) !== undefined);
  if (needless) throw new CliError("--ca-cert, --ca-key, --cert-expiry and --external-ca go with --rotate only");
  const { TLSInfo } = await api.get<SwarmView>("/swarm");
  if (!TLSInfo?.TrustRoot) throw new CliError("No CA information available");
  print(TLSInfo.TrustRoot.trimEnd());
}

async function rotate(api: Api, flags: CaFlags): Promise<void> {
  const { Version, Spec } = await api.get<SwarmView>("/swarm");
  const changed = changedSwarmSpec(Spec, flags);
  const before = Spec.CAConfig as { readonly ForceRotate?: number } | undefined;
  const CAConfig = {
    ...(changed.CAConfig as object),
    SigningCACert: "",
    SigningCAKey: "",
    ...said({
      SigningCACert: flags.caCert === undefined ? undefined : pemFile(flags.caCert),
      SigningCAKey: flags.caKey === undefined ? undefined : pemFile(flags.caKey),
      ForceRotate: (before?.ForceRotate ?? 0) + 1,
    }),
  };
  await api.post(`/swarm/update?version=${Version.Index}`, { ...changed, CAConfig });
  if (!flags.detach) await untilRotated(api, flags.quiet ?? false);
  await show(api, {});
}

async function untilRotated(api: Api, quiet: boolean): Promise<void> {
  let shown = "";
  for (;;) {
    const { RootRotationInProgress, TLSInfo } = await api.get<SwarmView>("/swarm");
    if (!RootRotationInProgress) return;
    const nodes = await api.get<NodeView[]>("/nodes");
    const ready = nodes.filter(node => node.Description.TLSInfo?.TrustRoot === TLSInfo?.TrustRoot).length;
    const line = `${ready} of ${nodes.length} nodes have the new CA`;
    if (!quiet && line !== shown) print(line);
    shown = line;
    await new Promise(done => setTimeout(done, pollMs));
  }
}
