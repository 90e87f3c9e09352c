import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Node, Service } from "../../src/wire/gen/docker/swarmkit/v1/objects_pb.ts";
import type { LabHost } from "../lab/lab.ts";
import { readyOn } from "./expectation.ts";
import { addressOn, gatewayOn, isReady, nameOf, type SwarmState } from "./swarm-state.ts";

/**
 * Asks for IPv4 addresses: lines "SERVER NAME" on standard input, answered "SERVER NAME ADDRESS,…" ("?" for no answer in time). Asks
 * again a few times a second, so that an answer that comes late is not taken for one that comes after the end of all patience.
 */
const asker = String.raw`use strict; use IO::Socket::INET; use Socket; use IO::Select; use Time::HiRes qw(time);
my $socket = IO::Socket::INET->new(Proto => 'udp') or die $!;
my (@asked, %answers); my $select = IO::Select->new($socket);
while (<STDIN>) { chomp; push @asked, $_ }
sub ask {
  my ($id) = @_; my ($server, $name) = split / /, $asked[$id];
  my $question = join('', map { pack('C/a', $_) } split(/\./, $name)) . "\0" . pack('nn', 1, 1);
  $socket->send(pack('n6', $id, 0x0100, 1, 0, 0, 0) . $question, 0, pack_sockaddr_in(53, inet_aton($server)));
}
my $end = time + 3; my $again = 0;
while (keys %answers < @asked && time < $end) {
  if (time >= $again) { ask($_) for grep { !defined $answers{$_} } 0 .. $#asked; $again = time + 0.2 }
  next unless $select->can_read(0.05);
  next unless defined $socket->recv(my $bytes, 4096);
  my ($id, $flags, $questions, $records) = unpack('n4', $bytes);
  my $at = 12; while (my $length = ord substr $bytes, $at, 1) { $at += 1 + $length } $at += 5;
  my @addresses;
  for (1 .. $records) {
    if (ord(substr $bytes, $at, 1) >= 192) { $at += 2 } else { while (my $length = ord substr $bytes, $at, 1) { $at += 1 + $length } $at += 1 }
    my ($type, undef, undef, $length) = unpack('nnNn', substr $bytes, $at, 10); $at += 10;
    push @addresses, inet_ntoa(substr $bytes, $at, 4) if $type == 1; $at += $length;
  }
  $answers{$id} = join ',', sort @addresses;
}
print "$asked[$_] ", $answers{$_} // '?', "\n" for 0 .. $#asked;
`;

/** Writes the program that asks; gives its path. */
export function writeAsker(directory: string): string {
  const path = join(directory, "asker.pl");
  writeFileSync(path, asker, { mode: 0o644 });
  return path;
}

/**
 * What the node's resolver answers otherwise than the managers' state says: asked on each of its networks by the node itself, and on
 * one by a container if there is one. Gives the differences, and how many questions there were.
 */
export async function nameDifferences(
  state: SwarmState,
  node: Node,
  host: LabHost,
  program: string,
): Promise<{ readonly asked: number; readonly differences: string[] }> {
  const networks = state.networks.filter(({ id, spec }) => !spec?.ingress && gatewayOn(node, id) !== undefined);
  const wanted = new Map<string, string>();
  for (const { id } of networks)
    for (const [name, answer] of answersOn(state, id)) wanted.set(`${serverOn(node, id)} ${name}`, answer);
  const own = await differencesOf(host, [], wanted, program);
  const container = containerOn(
    state,
    node,
    networks.map(({ id }) => id),
  );
  if (!container) return { asked: wanted.size, differences: own };
  const server = serverOn(node, container.networkId);
  const known = new Map([...wanted].filter(([question]) => question.startsWith(`${server} `)));
  const enter = ["nsenter", "-t", String(container.pid), "-n"];
  const told = (await differencesOf(host, enter, known, program)).map(text => `${text} (to a container)`);
  return { asked: wanted.size + known.size, differences: [...own, ...told] };
}

function serverOn(node: Node, networkId: string): string {
  return gatewayOn(node, networkId)?.split("/")[0] ?? "";
}

async function differencesOf(
  { namespace }: LabHost,
  enter: readonly string[],
  wanted: ReadonlyMap<string, string>,
  program: string,
): Promise<string[]> {
  if (wanted.size === 0) return [];
  const input = [...wanted.keys()].map(question => `${question}\n`).join("");
  const { stdout, stderr } = await namespace.tryRun([...enter, "/usr/bin/perl", program], { input });
  const answers = new Map(
    stdout.split("\n").map(line => [line.slice(0, line.lastIndexOf(" ")), line.slice(line.lastIndexOf(" ") + 1)]),
  );
  return [...wanted].flatMap(([question, right]) => {
    const answer = answers.get(question) ?? stderr;
    return answer === right ? [] : [`${question} is answered "${answer}", not "${right}"`];
  });
}

/** A container of the node's that is on one of these networks and on no other: what it is to be answered is known then. */
function containerOn(
  { tasks }: SwarmState,
  { id: nodeId }: Node,
  networkIds: readonly string[],
): { readonly pid: number; readonly networkId: string } | undefined {
  for (const task of tasks) {
    const on = task.networks.map(({ network }) => network?.id ?? "").filter(id => networkIds.includes(id));
    const runtime = task.status?.runtimeStatus;
    const [networkId, ...more] = on;
    if (task.nodeId !== nodeId || !isReady(task) || networkId === undefined || more.length > 0) continue;
    if (runtime?.case === "container") return { pid: runtime.value.pid, networkId };
  }
  return undefined;
}

/** Name → addresses, sorted. */
function answersOn(state: SwarmState, networkId: string): Map<string, string> {
  const answers = new Map<string, string>();
  for (const service of state.services) {
    if (!isOn(service, networkId)) continue;
    const name = nameOf(service);
    const tasks = readyOn(state, service.id, networkId);
    const virtual = service.endpoint?.virtualIps.find(each => each.networkId === networkId)?.addr.split("/")[0];
    answers.set(name, virtual ?? tasks.join(","));
    answers.set(`tasks.${name}`, tasks.join(","));
    for (const task of state.tasks) {
      const address = addressOn(task, networkId);
      if (task.serviceId !== service.id || !isReady(task) || address === undefined) continue;
      answers.set(`${name}.${task.slot}`, address);
      answers.set(`${name}.${task.slot}.${task.id}`, address);
    }
  }
  return answers;
}

function isOn({ spec }: Service, networkId: string): boolean {
  return spec?.task?.networks.some(({ target }) => target === networkId) ?? false;
}
