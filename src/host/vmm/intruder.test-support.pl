# What somebody tries who has broken into a monitor. Prints one line for each attempt: its name and what came of it,
# "done" or the error. Run inside the walls, or told to go in: then it joins the namespaces of a process first.
#
#   intruder.pl SECRET-FILE HOST-PID TCP-PORT ABSTRACT-SOCKET [PID-TO-JOIN FILTER]
#
# FILTER: the monitor's filter of system calls, in hexadecimal.
use strict;
use warnings;
use Errno ();
use Socket;

my ($secret, $host_pid, $port, $abstract, $join, $filter) = @ARGV;
my %call = (
  ptrace => 101, mount => 165, unshare => 272, setns => 308, keyctl => 250, bpf => 321, io_uring_setup => 425,
  process_vm_readv => 310, mknod => 133, ioctl => 16, capset => 126, prctl => 157, seccomp => 317,
);
my ($AF_VSOCK, $AF_NETLINK, $AF_PACKET) = (40, 16, 17);
my ($CLONE_NEWUSER, $CLONE_NEWNS, $CLONE_NEWNET) = (0x10000000, 0x20000, 0x40000000);

if (defined $join) {
  # All opened first: the view of /proc changes on the way. The user namespace that owns the others (NS_GET_USERNS) gives
  # the right to join them; the monitor's own is one further in, and no other can be made there.
  my @handles = map { open(my $handle, "<", "/proc/$join/ns/$_") or die "$_: $!"; $handle } qw(ipc uts net pid mnt user);
  my $owner = syscall($call{ioctl}, fileno($handles[0]), 0xb701);
  for my $number ($owner, map { fileno($_) } @handles) { syscall($call{setns}, $number, 0) == 0 or die "setns: $!" }
  # Only children are in the new process namespace.
  my $child = fork // die "fork: $!";
  if ($child) { waitpid($child, 0); exit($? >> 8) }
  chdir "/";
  # Then as the monitor is: without capabilities, without a way to more privileges, under its filter.
  my ($header, $none) = (pack("LL", 0x20080522, 0), pack("L6", (0) x 6));
  syscall($call{capset}, $header, $none) == 0 or die "capset: $!";
  syscall($call{prctl}, 38, 1, 0, 0, 0) == 0 or die "prctl: $!";
  my $program = pack("H*", $filter);
  my $pointer = pack("S x6 P", length($program) / 8, $program);
  syscall($call{seccomp}, 1, 0, $pointer) == 0 or die "seccomp: $!";
}

sub report { my ($name, $outcome) = @_; print "$name $outcome\n" }
sub name_of_error { my $number = $! + 0; for (keys %!) { return $_ if $!{$_} } return $number }
sub attempt { my ($name, $code) = @_; $! = 0; report($name, $code->() ? "done" : name_of_error()) }
sub raw { my ($name, @arguments) = @_; return syscall($call{$name}, @arguments) >= 0 }
sub reach { my ($family, $address) = @_; socket(my $socket, $family, SOCK_STREAM, 0) or return 0; return connect($socket, $address) }
# Opened and no more: where the walls fail, nothing shall break.
sub writable { my ($mode, $path) = @_; return sub { open(my $file, $mode, $path) } }
sub list { my $path = shift; opendir(my $folder, $path) or return name_of_error(); return join(",", sort grep { !/^\.\.?$/ } readdir $folder) }

attempt("read-secret", sub { open(my $file, "<", $secret) });
attempt("read-passwd", sub { open(my $file, "<", "/etc/passwd") });
report("root", list("/"));
report("devices", list("/dev"));
report("files", list("/vm/files"));
report("processes", join(",", grep { /^\d+$/ } split(/,/, list("/proc"))));
report("environment", join(",", sort grep { $_ ne "PWD" } keys %ENV) || "none");
attempt("signal-host", sub { kill(0, $host_pid) });
attempt("ptrace-host", sub { raw("ptrace", 16, $host_pid, 0, 0) });
attempt("read-memory-host", sub { my $vector = pack("QQ", 0, 0); raw("process_vm_readv", $host_pid, $vector, 1, $vector, 1, 0) });

attempt("tcp-host", sub { reach(AF_INET, pack_sockaddr_in($port, INADDR_LOOPBACK)) });
attempt("tcp-outside", sub { reach(AF_INET, pack_sockaddr_in(53, inet_aton("192.0.2.1"))) });
attempt("abstract-socket", sub { reach(AF_UNIX, pack("S", AF_UNIX) . "\0$abstract") });
attempt("vsock", sub { socket(my $s, $AF_VSOCK, SOCK_STREAM, 0) });
attempt("netlink", sub { socket(my $s, $AF_NETLINK, SOCK_RAW, 0) });
attempt("packet", sub { socket(my $s, $AF_PACKET, SOCK_RAW, 0) });

attempt("create:$_/x", writable(">>", "$_/x")) for ("", "/tmp", "/vm", "/vm/files", "/dev", "/etc", "/usr", "/proc/$$");
attempt("write:$_", writable("+<", $_)) for ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/vm/files/disk");
attempt("mount", sub { raw("mount", "none", "/vm", "tmpfs", 0, 0) });
attempt("device-node", sub { raw("mknod", "/dev/vitrine-test", 0020600, (1 << 8) + 3) });
attempt("new-user-namespace", sub { raw("unshare", $CLONE_NEWUSER) });
attempt("new-mounts", sub { raw("unshare", $CLONE_NEWNS) });
attempt("new-network", sub { raw("unshare", $CLONE_NEWNET) });
attempt("become-root", sub { $! = 0; $< = 0; $> = 0; $> == 0 });
attempt("keyring", sub { raw("keyctl", 0, -4, 0) });
attempt("bpf", sub { my $room = "\0" x 128; raw("bpf", 5, $room, 128) });
attempt("io-uring", sub { my $room = "\0" x 128; raw("io_uring_setup", 8, $room) });
open(my $status, "<", "/proc/self/status") or die "status: $!";
for (<$status>) { report("capabilities:$1", $2) if /^(CapPrm|CapEff|CapInh|CapAmb):\s+(\S+)/; report("no-new-privileges", $1) if /^NoNewPrivs:\s+(\d)/ }
