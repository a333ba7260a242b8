/**
 * What cloud-hypervisor is told to make a machine.
 *
 * Reference: cloud-hypervisor's API description, version 0.3.0 (release 53); the facts of it against which this is tested
 * are in api-facts.test-support.ts.
 */
import { DATA_DISK, readOnlyDisks } from "../confinement.ts";
import { DEFAULT_CPUS, DEFAULT_MEMORY_MIB, type VmSpec } from "../driver.ts";
import { inheritedPath } from "../inherited-path.ts";
import { DISK_RATE_LIMITER } from "../rate-limits.ts";

/** Name in the working folder of the socket for guests' connections; cloud-hypervisor adds "_PORT". */
export const VSOCK_SOCKET = "vsock";
/** Descriptors that cloud-hypervisor inherits. The arena comes last, if there is one. */
export const INHERITED_FD = { api: 3, events: 4, console: 5, arena: 6 } as const;

/** Every guest has the same address: it has a host of its own. */
const GUEST_CID = 3;
const MIB = 1024 * 1024;
/** virtiofsd serves one queue; its length is what cloud-hypervisor has by default. */
const FS_QUEUES = { num_queues: 1, queue_size: 1024 };

/** Options of the guest's kernel. A panic reboots, which is told by an event, and the machine is then ended. */
const KERNEL_OPTIONS = [
  "console=ttyS0",
  "quiet",
  "panic=-1",
  "reboot=k",
  "8250.nr_uarts=1",
  "i8042.noaux",
  "i8042.nomux",
  "i8042.nopnp",
  "i8042.dumbkbd",
  "cryptomgr.notests=1",
  "random.trust_cpu=on",
  "raid=noautodetect",
];

/** The command line, after the program's name. Its own filter of system calls is on. */
export function cloudHypervisorArguments(): string[] {
  return [
    ...["--api-socket", `fd=${INHERITED_FD.api}`],
    ...["--event-monitor", `fd=${INHERITED_FD.events}`],
    ...["--seccomp", "true"],
  ];
}

/** The body of vm.create. `path`: how cloud-hypervisor is told of kernel, initramfs, tools, apps and shares ("share-TAG"). */
export function machineConfiguration(spec: VmSpec, path: (file: string) => string): Readonly<Record<string, unknown>> {
  const cpus = spec.cpus ?? DEFAULT_CPUS;
  const shares = spec.fsShares ?? [];
  return {
    cpus: { boot_vcpus: cpus, max_vcpus: cpus, nested: false },
    // A share's server reads and writes the guest's memory.
    memory: { size: (spec.memoryMib ?? DEFAULT_MEMORY_MIB) * MIB, shared: shares.length > 0 },
    payload: { kernel: path("kernel"), initramfs: path("initramfs"), cmdline: KERNEL_OPTIONS.join(" ") },
    // Their order is that of vda, vdb, ...
    disks: [
      ...readOnlyDisks(spec).map((id) => disk(id, path(id), true)),
      ...(spec.dataDisk === undefined ? [] : [disk(DATA_DISK, path(DATA_DISK), false)]),
    ],
    ...(spec.arena === undefined ? {} : { pmem: [{ id: "arena", file: inheritedPath(INHERITED_FD.arena) }] }),
    ...(shares.length === 0
      ? {}
      : { fs: shares.map(({ tag }) => ({ id: `fs-${tag}`, tag, socket: path(`share-${tag}`), ...FS_QUEUES })) }),
    vsock: { id: "vsock", cid: GUEST_CID, socket: VSOCK_SOCKET },
    rng: { src: "/dev/urandom" },
    balloon: { size: 0, deflate_on_oom: true, free_page_reporting: true },
    serial: { mode: "File", file: inheritedPath(INHERITED_FD.console) },
    console: { mode: "Off" },
  };
}

/** Flushes of the guest always reach the host's disk here. */
function disk(id: string, path: string, readOnly: boolean): Readonly<Record<string, unknown>> {
  return { id, path, readonly: readOnly, image_type: "Raw", rate_limiter_config: DISK_RATE_LIMITER };
}
