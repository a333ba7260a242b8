/**
 * Facts of Firecracker's API, version 1.17: which requests there are, when they are allowed, and which fields they have.
 * Taken from its API description and, where that is silent, from its documentation. Devices that Vitrine does not use are
 * left out, but for what is on the way to snapshots.
 */
import { boolean, choice, integer, list, object, type Shape, text, textUpTo } from "../api-shape.test-support.ts";

/** A machine begins "not-started", and is "fresh" until the first request that configures it. */
export type When = "fresh" | "not-started" | "running" | "paused" | "started" | "any";

export interface Operation {
  readonly method: "GET" | "PUT" | "PATCH";
  /** {id} stands for a name of letters, digits and "_"; the field of the body that must repeat it is `idField`. */
  readonly path: string;
  readonly idField?: string;
  readonly when: When;
  readonly body?: Shape;
  /** False: it leaves the machine fresh. */
  readonly configures?: false;
}

/** Bytes of a request's body, unless the command line says otherwise. */
export const MAX_BODY = 51_200;
/** The kernel's command line on x86, the terminating NUL included. */
const MAX_COMMAND_LINE = 2048;
const MAX_U32 = 4_294_967_295;

const bucket = object({ size: integer(0), refill_time: integer(0) }, { one_time_burst: integer(0) });
const rateLimiter = object({}, { bandwidth: bucket, ops: bucket });

const machineConfig = object(
  { vcpu_count: integer(1, 32), mem_size_mib: integer(1) },
  {
    smt: boolean,
    track_dirty_pages: boolean,
    huge_pages: choice("None", "Transparent", "2M"),
    cpu_template: choice("C3", "T2", "T2S", "T2CL", "T2A", "V1N1", "None"),
  },
);
const bootSource = object(
  { kernel_image_path: text },
  { boot_args: textUpTo(MAX_COMMAND_LINE - 1), initrd_path: text },
);
const drive = object(
  { drive_id: text, is_root_device: boolean },
  {
    partuuid: text,
    cache_type: choice("Unsafe", "Writeback"),
    is_read_only: boolean,
    path_on_host: text,
    rate_limiter: rateLimiter,
    io_engine: choice("Sync", "Async"),
    socket: text,
  },
);
const pmem = object(
  { id: text, path_on_host: text },
  { root_device: boolean, read_only: boolean, rate_limiter: rateLimiter },
);
const vsock = object({ guest_cid: integer(3, MAX_U32), uds_path: text }, { vsock_id: text });
const balloon = object(
  { amount_mib: integer(0), deflate_on_oom: boolean },
  { stats_polling_interval_s: integer(0), free_page_hinting: boolean, free_page_reporting: boolean },
);
const network = object(
  { host_dev_name: text, iface_id: text },
  { guest_mac: text, mtu: integer(68, 65_535), rx_rate_limiter: rateLimiter, tx_rate_limiter: rateLimiter },
);
const snapshotLoad = object(
  { snapshot_path: text },
  {
    track_dirty_pages: boolean,
    mem_backend: object({ backend_type: choice("File", "Uffd"), backend_path: text }),
    resume_vm: boolean,
    network_overrides: list(object({ iface_id: text, host_dev_name: text })),
    vsock_override: object({ uds_path: text }),
    clock_realtime: boolean,
    huge_pages: choice("Snapshot", "None", "Transparent", "2M"),
  },
);

export const OPERATIONS: readonly Operation[] = [
  { method: "GET", path: "/", when: "any", configures: false },
  { method: "GET", path: "/version", when: "any", configures: false },
  { method: "GET", path: "/vm/config", when: "any", configures: false },
  { method: "GET", path: "/machine-config", when: "any", configures: false },
  { method: "PUT", path: "/machine-config", when: "not-started", body: machineConfig },
  { method: "PUT", path: "/boot-source", when: "not-started", body: bootSource },
  { method: "PUT", path: "/drives/{id}", idField: "drive_id", when: "not-started", body: drive },
  { method: "PUT", path: "/pmem/{id}", idField: "id", when: "not-started", body: pmem },
  { method: "PUT", path: "/vsock", when: "not-started", body: vsock },
  { method: "PUT", path: "/entropy", when: "not-started", body: object({}, { rate_limiter: rateLimiter }) },
  { method: "PUT", path: "/balloon", when: "not-started", body: balloon },
  { method: "PATCH", path: "/balloon", when: "started", body: object({ amount_mib: integer(0) }) },
  { method: "PUT", path: "/network-interfaces/{id}", idField: "iface_id", when: "not-started", body: network },
  {
    method: "PUT",
    path: "/serial",
    when: "not-started",
    body: object({}, { serial_out_path: text, rate_limiter: bucket }),
  },
  {
    method: "PUT",
    path: "/actions",
    when: "any",
    body: object({ action_type: choice("FlushMetrics", "InstanceStart", "SendCtrlAltDel") }),
  },
  { method: "PATCH", path: "/vm", when: "started", body: object({ state: choice("Paused", "Resumed") }) },
  {
    method: "PUT",
    path: "/snapshot/create",
    when: "paused",
    body: object({ mem_file_path: text, snapshot_path: text }, { snapshot_type: choice("Full", "Diff") }),
  },
  { method: "PUT", path: "/snapshot/load", when: "fresh", body: snapshotLoad },
];
