import type { LabHost } from "./lab.ts";

/** What a node that has left its swarm has left behind on its host; nothing, if all is well. */
export async function leftovers({ name, namespace, docker }: LabHost): Promise<string[]> {
  const looks: [what: string, argv: string[], trace: RegExp][] = [
    ["a device", ["ip", "-br", "link"], /^s[bv].*/m],
    ["an address", ["ip", "-br", "address"], /^s[bv].*/m],
    ["a table", ["nft", "list", "tables"], /.*shoal.*/],
    ["a chain", ["iptables", "-S"], /.*SHOAL.*/],
    ["a chain", ["ip6tables", "-S"], /.*SHOAL.*/],
    ["a rule", ["ip", "rule"], /^5(199|20\d).*/m],
    ["a rule", ["ip", "-6", "rule"], /^5(199|20\d).*/m],
    ["a route", ["ip", "route", "show", "table", "all", "proto", "114"], /.+/],
    ["a forwarding entry", ["bridge", "fdb", "show"], /.* dst .*/],
    ["a neighbour", ["ip", "neighbour", "show", "nud", "permanent"], /.+/],
    ["a namespace", ["grep", "/run/docker/netns/", "/proc/mounts"], /.*netns\/(?!default).*/],
    [
      "an engine's network",
      ["docker", "-H", `unix://${docker.socket}`, "network", "ls", "--format", "{{.Name}}"],
      /.*shoal.*/,
    ],
    ["a container", ["docker", "-H", `unix://${docker.socket}`, "ps", "-aq"], /.+/],
  ];
  const found: string[] = [];
  for (const [what, argv, trace] of looks) {
    const [text] = trace.exec((await namespace.tryRun(argv)).stdout) ?? [];
    if (text) found.push(`${name} has ${what} left: ${text}`);
  }
  return found;
}
