import { Fault } from "../../lib/fault.ts";
import { networkIdLabel } from "../../model/network.ts";
import type { BridgeNetwork, BridgeNetworks } from "../../ports/net-ops.ts";
import type { EngineClient } from "./client.ts";

/** Labels of the bridge networks that stand for the swarm's networks: by them they are known again. */
const networkNodeLabel = "io.shoal.node.id";

const bridgeOption = "com.docker.network.bridge.name";
const mtuOption = "com.docker.network.driver.mtu";

interface NetworkAnswer {
  readonly Name: string;
  readonly Options?: Readonly<Record<string, string>> | null;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly IPAM: { readonly Config?: readonly { readonly Subnet: string; readonly Gateway?: string }[] | null };
}

/** The engine's bridge networks of one node's. */
export class EngineBridgeNetworks implements BridgeNetworks {
  readonly #client: Pick<EngineClient, "json">;
  readonly #nodeId: string;

  constructor(client: Pick<EngineClient, "json">, nodeId: string) {
    this.#client = client;
    this.#nodeId = nodeId;
  }

  async list(): Promise<BridgeNetwork[]> {
    const filters = JSON.stringify({ label: [`${networkNodeLabel}=${this.#nodeId}`] });
    const found = (await this.#client.json("GET", "/networks", { query: { filters } })) as NetworkAnswer[] | undefined;
    return (found ?? []).map(bridgeNetwork).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async create({ name, networkId, bridge, mtu, subnets }: BridgeNetwork): Promise<void> {
    const body = {
      Name: name,
      CheckDuplicate: true,
      Driver: "bridge",
      EnableIPv6: subnets.some(({ cidr }) => cidr.includes(":")),
      IPAM: { Driver: "default", Config: subnets.map(({ cidr, gateway }) => ({ Subnet: cidr, Gateway: gateway })) },
      // What leaves the swarm's networks gets the node's address by rules of ours.
      Options: {
        [bridgeOption]: bridge,
        [mtuOption]: String(mtu),
        "com.docker.network.bridge.enable_ip_masquerade": "false",
      },
      Labels: { [networkNodeLabel]: this.#nodeId, [networkIdLabel]: networkId },
    };
    await this.#client.json("POST", "/networks/create", { body });
  }

  async remove(name: string): Promise<void> {
    try {
      await this.#client.json("DELETE", `/networks/${encodeURIComponent(name)}`);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.code === "not_found") return;
      // Docker's answer while there are containers on it.
      if (error.code === "permission_denied") throw new Fault("failed_precondition", error.message, { cause: error });
      throw error;
    }
  }
}

function bridgeNetwork({ Name: name, Options, Labels, IPAM }: NetworkAnswer): BridgeNetwork {
  return {
    name,
    networkId: Labels?.[networkIdLabel] ?? "",
    bridge: Options?.[bridgeOption] ?? "",
    mtu: Number(Options?.[mtuOption] ?? 0),
    subnets: (IPAM.Config ?? []).map(({ Subnet: cidr, Gateway: gateway = "" }) => ({ cidr, gateway })),
  };
}
