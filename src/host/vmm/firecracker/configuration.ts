/**
 * What Firecracker is told to make a machine, as the requests of its API in the order in which they are sent.
 *
 * Reference: Firecracker's API description, version 1.17; src/host/vmm/firecracker/api-facts.test-support.ts holds the
 * facts of it against which this is tested.
 */

import { DATA_DISK, readOnlyDisks } from "../confinement.ts";
import { DEFAULT_CPUS, DEFAULT_MEMORY_MIB, type VmSpec } from "../driver.ts";
import type { HttpMethod } from "../http-connection.ts";
import { inheritedPath } from "../inherited-path.ts";
import { DISK_RATE_LIMITER, ENTROPY_RATE_LIMITER } from "../rate-limits.ts";

export interface ApiRequest {
  readonly method: HttpMethod;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Names in the working folder: of the API's socket, and of the guest's connections (Firecracker adds "_PORT"). */
export const API_SOCKET = "api.sock";
export const VSOCK_SOCKET = "vsock";
/** Descriptors that Firecracker inherits. The arena comes last, if there is one. */
export const INHERITED_FD = { log: 3, arena: 4 } as const;

/** Every guest has the same address: it has a host of its own. */
const GUEST_CID = 3;
/** Firecracker's own bound; a guest of ours asks for less. */
export const MAX_FIRECRACKER_CPUS = 32;

/**
 * Options of the guest's kernel. The serial port stays on: what the kernel prints when it panics is how we know of it, and
 * with "quiet" it prints nothing else.
 */
const KERNEL_OPTIONS = [
  "console=ttyS0",
  "quiet",
  "panic=-1", // a panic reboots at once ...
  "reboot=k", // ... by the keyboard's controller, which ends Firecracker
  "8250.nr_uarts=1",
  // There is no keyboard and no mouse to be looked for.
  "i8042.noaux",
  "i8042.nomux",
  "i8042.nopnp",
  "i8042.dumbkbd",
  "swiotlb=noforce",
  "cryptomgr.notests=1",
  "random.trust_cpu=on",
  "raid=noautodetect",
];

/** The command line, after the program's name. */
export function firecrackerArguments(spec: VmSpec, options: { pci: boolean }): string[] {
  return [
    ...["--api-sock", API_SOCKET, "--id", `vitrine-${spec.name}`],
    ...["--level", "Warn", "--log-path", inheritedPath(INHERITED_FD.log)],
    ...(options.pci ? ["--enable-pci"] : []),
  ];
}

/**
 * Everything before the start. `path`: how Firecracker is told of kernel, initramfs, tools and apps. `further`: options of
 * the guest's kernel.
 */
export function configurationRequests(
  spec: VmSpec,
  path: (file: string) => string,
  further: readonly string[] = [],
): ApiRequest[] {
  return [
    put("/machine-config", {
      vcpu_count: Math.min(spec.cpus ?? DEFAULT_CPUS, MAX_FIRECRACKER_CPUS),
      mem_size_mib: spec.memoryMib ?? DEFAULT_MEMORY_MIB,
      smt: false,
      track_dirty_pages: false,
    }),
    put("/boot-source", {
      kernel_image_path: path("kernel"),
      initrd_path: path("initramfs"),
      boot_args: [...KERNEL_OPTIONS, ...further].join(" "),
    }),
    // None is the root device: the initramfs knows what to mount. Their order is that of vda, vdb, ...
    ...readOnlyDisks(spec).map((id) => put(`/drives/${id}`, drive(id, path(id), true))),
    ...(spec.dataDisk === undefined ? [] : [put(`/drives/${DATA_DISK}`, drive(DATA_DISK, path(DATA_DISK), false))]),
    ...(spec.arena === undefined
      ? []
      : [
          put("/pmem/arena", {
            id: "arena",
            path_on_host: inheritedPath(INHERITED_FD.arena),
            root_device: false,
            read_only: false,
          }),
        ]),
    put("/vsock", { guest_cid: GUEST_CID, uds_path: VSOCK_SOCKET }),
    put("/entropy", { rate_limiter: ENTROPY_RATE_LIMITER }),
    put("/balloon", { amount_mib: 0, deflate_on_oom: true, stats_polling_interval_s: 0, free_page_reporting: true }),
  ];
}

/** Flushes of a disk that is written reach the host's disk; where nothing is written they would be for nothing. */
function drive(id: string, path: string, readOnly: boolean): Readonly<Record<string, unknown>> {
  return {
    drive_id: id,
    path_on_host: path,
    is_root_device: false,
    is_read_only: readOnly,
    cache_type: readOnly ? "Unsafe" : "Writeback",
    io_engine: "Sync",
    rate_limiter: DISK_RATE_LIMITER,
  };
}

export const START_REQUEST: ApiRequest = put("/actions", { action_type: "InstanceStart" });

/** Stop the virtual processors, and let them go on. */
export const PAUSE_REQUEST: ApiRequest = { method: "PATCH", path: "/vm", body: { state: "Paused" } };
export const RESUME_REQUEST: ApiRequest = { method: "PATCH", path: "/vm", body: { state: "Resumed" } };

/** Names of a saved machine's files: what its devices and processors were doing, and its memory. */
export const SAVED_FILES = { state: "state", memory: "memory" } as const;

/** Saves the machine to files of the working folder. It stands still from then on. */
export const SAVE_REQUESTS: readonly ApiRequest[] = [
  PAUSE_REQUEST,
  put("/snapshot/create", {
    snapshot_type: "Full",
    snapshot_path: SAVED_FILES.state,
    mem_file_path: SAVED_FILES.memory,
  }),
];

/**
 * The first and only request to a process that goes on where a saved machine was. Its disks, arena and sockets are where
 * that one's were: at paths within the walls, or at the paths of inherited descriptors. The memory's file is mapped
 * privately and read as it is needed.
 */
export function restoreRequest(path: (file: string) => string): ApiRequest {
  return put("/snapshot/load", {
    snapshot_path: path(SAVED_FILES.state),
    mem_backend: { backend_type: "File", backend_path: path(SAVED_FILES.memory) },
    resume_vm: true,
  });
}

function put(path: string, body: Readonly<Record<string, unknown>>): ApiRequest {
  return { method: "PUT", path, body };
}
