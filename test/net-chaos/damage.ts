import type { Dice } from "../../src/sim/dice.ts";
import type { LabHost } from "../lab/lab.ts";

/** What somebody with root may do to a node's networks by hand: shell scripts that name what they hit, or nothing where there is nothing. */
const scripts = [
  "t=$(nft list tables inet | awk '{print $3; exit}'); nft delete table inet $t && echo table $t",
  "t=$(nft list tables inet | awk '{print $3; exit}'); c=$(nft list table inet $t | awk '/chain (vip|port)/ {print $2; exit}'); [ -n \"$c\" ] && nft flush chain inet $t $c && echo chain $c",
  "t=$(nft list tables inet | awk '{print $3; exit}'); nft flush map inet $t ports && echo map ports",
  'e=$(bridge fdb show | awk \'/ dst / && /permanent/ {print $1, "dev", $3, "dst", $5; exit}\'); [ -n "$e" ] && bridge fdb del $e self && echo entry $e',
  'e=$(ip neigh show nud permanent | awk \'{print $1, "dev", $3; exit}\'); [ -n "$e" ] && ip neigh del $e && echo neighbour $e',
  'a=$(ip -4 -o address show | awk \'/ sb.*\\/32/ {print $4, "dev", $2; exit}\'); [ -n "$a" ] && ip address del $a && echo address $a',
  "d=$(ip -o link show type vxlan | awk -F': ' '{print $2; exit}'); ip link set $d down && echo $d down",
  "d=$(ip -o link show type vxlan | awk -F': ' '{print $2; exit}'); ip link del $d && echo $d deleted",
  "ip rule del pref 5200 && echo a rule of routing",
];

/** Breaks something on a host; says what. */
export async function damage({ name, namespace }: LabHost, dice: Dice): Promise<string> {
  const { stdout } = await namespace.tryRun(["sh", "-c", dice.pick(scripts)]);
  return `damage on ${name}: ${stdout.trim() || "there was nothing to hit"}`;
}
