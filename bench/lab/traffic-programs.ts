import { writeFileSync } from "node:fs";
import { join } from "node:path";

/* Perl, as in the lab's other containers: what it costs by itself is the same on every way that is compared. */

/**
 * Answers on port 9000 by the first byte of a connection: c is answered and closed, r answers each request, b gets bytes without end, s is
 * told the processor time used so far in seconds.
 */
const server = `use strict; use IO::Socket::INET; use POSIX ':sys_wait_h';
$SIG{TERM} = sub { exit 0 }; $SIG{PIPE} = 'IGNORE';
my $listener = IO::Socket::INET->new(LocalPort => 9000, Listen => 512, ReuseAddr => 1) or die $!;
my ($answer, $block) = ('x' x 100, 'x' x 65536);
while (1) {
  my $caller = $listener->accept or next;
  sysread $caller, my $mode, 1 or next;
  if ($mode eq 's') { 1 while waitpid(-1, WNOHANG) > 0; my $used = 0; $used += $_ for times; print $caller $used; close $caller; next }
  if ($mode eq 'c') { syswrite $caller, $answer; close $caller; next }
  next if fork;
  setsockopt $caller, 6, 1, 1;
  if ($mode eq 'r') { while (sysread $caller, my $request, 100) { syswrite $caller, $answer } }
  else { while (syswrite $caller, $block) { } }
  exit 0;
}
`;

/** MODE ADDRESS PORT SECONDS: prints the number of calls, requests or bytes, and the seconds and processor seconds that both ends took. */
const caller = `use strict; use IO::Socket::INET; use Time::HiRes qw(time);
my ($mode, $address, $port, $seconds) = @ARGV; my ($count, $begin) = (0, time); my $end = $begin + $seconds;
my $connect = sub {
  my $first = shift // $mode;
  my $socket = IO::Socket::INET->new(PeerAddr => $address, PeerPort => $port, Timeout => 5) or die "connect: $@";
  setsockopt $socket, 6, 1, 1; syswrite $socket, $first; return $socket;
};
my $used = sub {
  select undef, undef, undef, 0.02; my $socket = $connect->('s'); sysread $socket, my $said, 100; my $all = $said; $all += $_ for times; return $all;
};
my $before = $used->(); $begin = time; $end = $begin + $seconds;
if ($mode eq 'c') {
  while (time < $end) { my $socket = $connect->(); sysread $socket, my $answer, 100 or die 'no answer'; $count++ }
} else {
  my $socket = $connect->();
  if ($mode eq 'r') { while (time < $end) { syswrite $socket, 'y' x 100; sysread $socket, my $answer, 100 or die 'no answer'; $count++ } }
  else { while (time < $end) { $count += sysread($socket, my $bytes, 1048576) || die 'no bytes' } }
  close $socket;
}
my $took = time - $begin;
print join ' ', $count, $took, $used->() - $before;
`;

export interface TrafficPrograms {
  readonly server: string;
  readonly caller: string;
}

export function writeTrafficPrograms(directory: string): TrafficPrograms {
  const paths = { server: join(directory, "traffic-server.pl"), caller: join(directory, "traffic-caller.pl") };
  writeFileSync(paths.server, server, { mode: 0o644 });
  writeFileSync(paths.caller, caller, { mode: 0o644 });
  return paths;
}
