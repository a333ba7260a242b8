/**
 * A filter of system calls for monitors, on top of the one that each brings itself: refused is what no monitor needs and
 * what reaches parts of the kernel that namespaces do not divide. Sockets above all: a vsock connection ends at the host
 * itself, whatever the network namespace.
 *
 * References: seccomp(2), the classic BPF of linux/filter.h and linux/bpf_common.h, the numbers of x86-64.
 */

/** Why a call is refused is told by its heading. */
const REFUSED: Readonly<Record<string, number>> = {
  // other processes and their memory
  ptrace: 101,
  process_vm_readv: 310,
  process_vm_writev: 311,
  kcmp: 312,
  pidfd_getfd: 438,
  // file systems, namespaces, files by other means than their path
  mount: 165,
  umount2: 166,
  pivot_root: 155,
  chroot: 161,
  open_tree: 428,
  move_mount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  fspick: 433,
  mount_setattr: 442,
  unshare: 272,
  setns: 308,
  name_to_handle_at: 303,
  open_by_handle_at: 304,
  fanotify_init: 300,
  quotactl: 179,
  quotactl_fd: 443,
  // keys, which the kernel keeps by user
  add_key: 248,
  request_key: 249,
  keyctl: 250,
  // large interfaces of the kernel, each with a history of holes
  bpf: 321,
  perf_event_open: 298,
  userfaultfd: 323,
  io_uring_setup: 425,
  io_uring_enter: 426,
  io_uring_register: 427,
  // the machine itself
  acct: 163,
  swapon: 167,
  swapoff: 168,
  reboot: 169,
  kexec_load: 246,
  kexec_file_load: 320,
  init_module: 175,
  finit_module: 313,
  delete_module: 176,
  syslog: 103,
  settimeofday: 164,
  clock_settime: 227,
  adjtimex: 159,
  clock_adjtime: 305,
  iopl: 172,
  ioperm: 173,
};

const SYS_SOCKET = 41;
const SYS_CLONE = 56;
const SYS_CLONE3 = 435;

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AUDIT_ARCH_X86_64 = 0xc000003e;
/** Calls of the x32 ABI have this bit in their number. */
const X32_BIT = 0x4000_0000;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const CLONE_NAMESPACES = 0x7e02_0000;
const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

/** Offsets in struct seccomp_data. Arguments have 64 bits; the lower halves are what counts here. */
const NUMBER = 0;
const ARCHITECTURE = 4;
const FIRST_ARGUMENT = 16;

const LOAD = 0x20; // BPF_LD | BPF_W | BPF_ABS
const JUMP_IF_EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const JUMP_IF_AT_LEAST = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const JUMP_IF_ANY_BIT = 0x45; // BPF_JMP | BPF_JSET | BPF_K
const RETURN = 0x06; // BPF_RET | BPF_K
const ALLOW = 0x7fff_0000;
const KILL_PROCESS = 0x8000_0000;
const fail = (error: number) => 0x0005_0000 | error;

/** Which sockets a monitor may make; those that it inherits it may use in any case. */
export type AllowedSockets = "none" | "unix" | "internet";

const FAMILIES: Readonly<Record<AllowedSockets, readonly number[]>> = {
  none: [],
  unix: [AF_UNIX],
  internet: [AF_INET, AF_INET6],
};

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

/** The filter as the kernel takes it: an array of struct sock_filter. */
export function seccompFilter(sockets: AllowedSockets): Uint8Array {
  // A jump skips as many instructions as it says; each pair is "if it is this, return that".
  const refused = Object.values(REFUSED).flatMap((number): Instruction[] => [
    [JUMP_IF_EQUAL, 0, 1, number],
    [RETURN, 0, 0, fail(EPERM)],
  ]);
  const families = FAMILIES[sockets];
  const socketRule: Instruction[] = [
    [JUMP_IF_EQUAL, 0, 2 + families.length, SYS_SOCKET],
    [LOAD, 0, 0, FIRST_ARGUMENT],
    // To the end of this rule, behind the refusal.
    ...families.map((family, index): Instruction => [JUMP_IF_EQUAL, families.length - index, 0, family]),
    [RETURN, 0, 0, fail(EAFNOSUPPORT)],
  ];
  return assemble([
    [LOAD, 0, 0, ARCHITECTURE],
    [JUMP_IF_EQUAL, 1, 0, AUDIT_ARCH_X86_64],
    [RETURN, 0, 0, KILL_PROCESS],
    [LOAD, 0, 0, NUMBER],
    [JUMP_IF_AT_LEAST, 0, 1, X32_BIT],
    [RETURN, 0, 0, KILL_PROCESS],
    ...refused,
    // Its flags are in memory, which a filter cannot see; "no such call" makes the C library take clone(2).
    [JUMP_IF_EQUAL, 0, 1, SYS_CLONE3],
    [RETURN, 0, 0, fail(ENOSYS)],
    [JUMP_IF_EQUAL, 0, 4, SYS_CLONE],
    [LOAD, 0, 0, FIRST_ARGUMENT],
    [JUMP_IF_ANY_BIT, 0, 1, CLONE_NAMESPACES],
    [RETURN, 0, 0, fail(EPERM)],
    [RETURN, 0, 0, ALLOW],
    ...socketRule,
    [RETURN, 0, 0, ALLOW],
  ]);
}

function assemble(program: readonly Instruction[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(program.length * 8));
  program.forEach(([code, ifTrue, ifFalse, value], index) => {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, ifTrue);
    view.setUint8(index * 8 + 3, ifFalse);
    view.setUint32(index * 8 + 4, value, true);
  });
  return new Uint8Array(view.buffer);
}
