import { mustRun, runProgram } from "./program.ts";

/** How long a firewall command waits for another program that holds the lock, in seconds. */
const lockWaitSeconds = "5";
const versions = ["iptables", "ip6tables"] as const;

/**
 * Docker's firewall drops what it has not allowed itself, and chains of other tables cannot overrule that. So what comes
 * from our bridges or goes to them is accepted in the place Docker leaves to its users; what may pass, our own table says.
 */
export async function passForwarding(chain: string, prefix: string): Promise<void> {
  const rules = passRules(prefix);
  const text = ["*filter", `:${chain} - [0:0]`, ...rules.map(rule => `-A ${chain} ${rule}`), "COMMIT", ""].join("\n");
  for (const program of versions) {
    if (!(await hasDifferent(program, chain, rules.length))) continue;
    await mustRun(`${program}-restore`, ["-n", "-w", lockWaitSeconds], text);
    await jump(program, chain);
  }
}

/** Whether that is so now. */
export async function passesForwarding(chain: string, prefix: string): Promise<boolean> {
  const { length } = passRules(prefix);
  for (const program of versions) if (await hasDifferent(program, chain, length)) return false;
  return true;
}

export async function unpassForwarding(chain: string): Promise<void> {
  for (const program of versions) {
    const lines = await rulesOf(program);
    if (!lines.includes(`-N ${chain}`)) continue;
    for (const parent of parents) await runProgram(program, ["-w", lockWaitSeconds, "-D", parent, "-j", chain]);
    await runProgram(program, ["-w", lockWaitSeconds, "-F", chain]);
    await runProgram(program, ["-w", lockWaitSeconds, "-X", chain]);
  }
}

function passRules(prefix: string): string[] {
  const [from, to] = [`-i ${prefix}+`, `-o ${prefix}+`];
  const known = "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT";
  return [
    `${from} ${to} -j ACCEPT`,
    `${to} -m conntrack --ctstate DNAT -j ACCEPT`,
    `${from} ${known}`,
    `${to} ${known}`,
  ];
}

/** Docker's own place for its users' rules comes first; an engine that has none drops nothing by itself. */
const parents = ["DOCKER-USER", "FORWARD"] as const;

/** Whether something has to be done: not where nothing is dropped anyway. */
async function hasDifferent(program: string, chain: string, count: number): Promise<boolean> {
  const lines = await rulesOf(program);
  const parent = parentIn(lines);
  if (parent === "FORWARD" && lines.includes("-P FORWARD ACCEPT")) return false;
  const rules = lines.filter(line => line.startsWith(`-A ${chain} `)).length;
  return rules !== count || !lines.includes(`-A ${parent} -j ${chain}`);
}

async function jump(program: string, chain: string): Promise<void> {
  const lines = await rulesOf(program);
  const parent = parentIn(lines);
  if (!lines.includes(`-A ${parent} -j ${chain}`))
    await mustRun(program, ["-w", lockWaitSeconds, "-I", parent, "-j", chain]);
}

async function rulesOf(program: string): Promise<string[]> {
  const { stdout } = await runProgram(program, ["-w", lockWaitSeconds, "-S"]);
  return stdout.split("\n");
}

function parentIn(lines: readonly string[]): (typeof parents)[number] {
  return lines.includes("-N DOCKER-USER") ? "DOCKER-USER" : "FORWARD";
}
