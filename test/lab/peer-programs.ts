import { writeFileSync } from "node:fs";
import { join } from "node:path";

/*
 * Programs for containers and hosts of a lab, in Perl, which every Debian has: busybox can neither serve UDP nor say who called.
 * Containers run them on the machine's own /usr, bound into them.
 */

/**
 * Answers every TCP connection to port 80 and every datagram to port 53 with its task's name and the caller's address, and repeats
 * whatever comes on connections to port 7; by IPv6 as well where the container has it.
 */
const server = String.raw`use strict; use IO::Socket::IP; use IO::Select; use Socket qw(SOCK_DGRAM SOCK_STREAM);
$| = 1; $SIG{TERM} = sub { exit 0 }; $SIG{PIPE} = 'IGNORE';
my ($ready, %serves) = (IO::Select->new);
sub serve { my ($does, @how) = @_; my $socket = IO::Socket::IP->new(@how, GetAddrInfoFlags => 0) or return warn "$does: $@"; $serves{fileno $socket} = $does; $ready->add($socket) }
for my $host ('0.0.0.0', '::') {
  my @at = (LocalHost => $host, V6Only => 1); my @stream = (@at, Type => SOCK_STREAM, Listen => 512, ReuseAddr => 1);
  serve('tcp', @stream, LocalPort => 80); serve('echo', @stream, LocalPort => 7); serve('udp', @at, Type => SOCK_DGRAM, LocalPort => 53);
}
while (1) {
  for my $socket ($ready->can_read(1)) {
    my $does = $serves{fileno $socket} // '';
    if ($does eq 'udp') { $socket->recv(my $asked, 2000); $socket->send("$ENV{ME} " . $socket->peerhost . "\n"); next }
    if ($does eq 'echo') { my $talker = $socket->accept; $ready->add($talker) if $talker; next }
    if ($does eq '') { if (sysread $socket, my $said, 2000) { syswrite $socket, $said } else { $ready->remove($socket); close $socket } next }
    my $caller = $socket->accept or next;
    print $caller "$ENV{ME} " . $caller->peerhost . "\n";
    close $caller;
  }
}
`;

/**
 * Calls by TCP without end, each of the addresses in turn, so many times a second; ends at SIGTERM with what became of it:
 * one line a failure, then "calls N failed M".
 */
const caller = String.raw`use strict; use IO::Socket::INET; use Time::HiRes qw(sleep time);
my ($rate, $port, @addresses) = @ARGV; $| = 1; $SIG{PIPE} = 'IGNORE';
my $over = 0; $SIG{TERM} = sub { $over = 1 };
my ($calls, $failed, $next) = (0, 0, time);
until ($over) {
  my $address = $addresses[$calls++ % @addresses];
  my $socket = IO::Socket::INET->new(PeerAddr => $address, PeerPort => $port, Timeout => 5);
  my $line = $socket ? <$socket> : undef;
  unless ($over || (defined $line && $line =~ /^\S+ \S+$/)) { $failed++; print time, " $address: ", $socket ? "no answer" : "$@", "\n" }
  $next += 1 / $rate; my $wait = $next - time; sleep $wait if $wait > 0;
}
print "calls $calls failed $failed\n";
`;

/** Talks over one connection until SIGTERM, ten times a second; ends with "exchanged N" and what went wrong. */
const talker = String.raw`use strict; use IO::Socket::INET; use Time::HiRes qw(sleep);
$| = 1; $SIG{PIPE} = 'IGNORE'; my $over = 0; $SIG{TERM} = sub { $over = 1 };
my $socket = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => $ARGV[1], Timeout => 5) or die "connect: $@";
my $exchanged = 0; print "connected\n";
until ($over) {
  syswrite $socket, "$exchanged\n" or do { print "cannot write: $!\n"; last };
  my $said = <$socket>;
  last if $over && !defined $said;
  unless (defined $said && $said eq "$exchanged\n") { print "no answer: $!\n"; last }
  $exchanged++; sleep 0.1;
}
print "exchanged $exchanged\n";
`;

/** Sends a datagram and prints the answer. */
const datagram = `use strict; use IO::Socket::IP; use Socket qw(SOCK_DGRAM);
my $socket = IO::Socket::IP->new(Type => SOCK_DGRAM, PeerHost => $ARGV[0], PeerPort => $ARGV[1]) or die $@;
$socket->send('?'); alarm 5; $socket->recv(my $answer, 2000); print $answer;
`;

/** Where the programs lie after `writePeerPrograms(directory)`. */
export interface PeerPrograms {
  readonly server: string;
  readonly caller: string;
  readonly talker: string;
  readonly datagram: string;
}

export function writePeerPrograms(directory: string): PeerPrograms {
  const programs = { server, caller, talker, datagram };
  const paths = Object.entries(programs).map(([name, text]) => {
    const path = join(directory, `${name}.pl`);
    writeFileSync(path, text, { mode: 0o644 });
    return [name, path];
  });
  return Object.fromEntries(paths) as PeerPrograms;
}

/** What `docker service create` needs so that a task runs the server in an image that has nothing of it. */
export function serverFlags({ server: path }: PeerPrograms): string[] {
  return ["--env", "ME={{.Task.Name}}", ...perlFlags(path)];
}

/** The same for any program in Perl. */
export function perlFlags(path: string): string[] {
  const bind = (from: string, to: string): string[] => ["--mount", `type=bind,src=${from},dst=${to},readonly`];
  return [
    ...bind("/usr", "/usr"),
    ...bind("/usr/lib", "/lib"),
    ...bind("/usr/lib64", "/lib64"),
    ...bind(path, "/server.pl"),
    ...["busybox", "/usr/bin/perl", "/server.pl"],
  ];
}
