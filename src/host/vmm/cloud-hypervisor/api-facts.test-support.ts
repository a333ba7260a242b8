/**
 * Facts of cloud-hypervisor's API, version 0.3.0 (release 53): requests, the states in which they are allowed, and fields.
 * Devices that Vitrine does not use are left out, but for what is on the way to snapshots.
 */
import { boolean, choice, integer, list, object, type Shape, text } from "../api-shape.test-support.ts";

export type When = "empty" | "created" | "running" | "paused" | "any";

export interface Operation {
  readonly method: "GET" | "PUT";
  readonly path: string;
  readonly when: readonly When[];
  readonly body?: Shape;
}

export const API_ROOT = "/api/v1";

const pciPlace = { id: text, pci_segment: integer(0), pci_device_id: integer(0, 255), iommu: boolean };
const bucket = object({ size: integer(0), refill_time: integer(0) }, { one_time_burst: integer(0) });
const consoleMode = choice("Off", "Pty", "Tty", "File", "Socket", "Null");

const machine = object(
  {
    payload: object({}, { firmware: text, kernel: text, cmdline: text, initramfs: text, igvm: text, host_data: text }),
  },
  {
    cpus: object(
      { boot_vcpus: integer(1), max_vcpus: integer(1) },
      {
        kvm_hyperv: boolean,
        max_phys_bits: integer(),
        nested: boolean,
        core_scheduling: choice("Vm", "Vcpu", "Off"),
      },
    ),
    memory: object(
      { size: integer() },
      {
        hotplug_size: integer(),
        hotplugged_size: integer(),
        mergeable: boolean,
        hotplug_method: text,
        shared: boolean,
        hugepages: boolean,
        hugepage_size: integer(),
        prefault: boolean,
        reserve: boolean,
        thp: boolean,
      },
    ),
    disks: list(
      object(
        {},
        {
          ...pciPlace,
          path: text,
          readonly: boolean,
          direct: boolean,
          num_queues: integer(),
          queue_size: integer(),
          vhost_user: boolean,
          vhost_socket: text,
          rate_limiter_config: object({}, { bandwidth: bucket, ops: bucket }),
          serial: text,
          rate_limit_group: text,
          backing_files: boolean,
          sparse: boolean,
          image_type: choice("FixedVhd", "Qcow2", "Raw", "Vhdx", "Unknown"),
          lock_granularity: choice("ByteRange", "Full"),
        },
      ),
    ),
    rng: object({ src: text }, pciPlace),
    balloon: object({ size: integer() }, { ...pciPlace, deflate_on_oom: boolean, free_page_reporting: boolean }),
    fs: list(
      object(
        { num_queues: integer(), queue_size: integer(), socket: text, tag: text },
        { id: text, pci_segment: integer(0), pci_device_id: integer(0, 255) },
      ),
    ),
    pmem: list(object({ file: text }, { ...pciPlace, size: integer(), discard_writes: boolean })),
    serial: object({ mode: consoleMode }, { file: text, socket: text }),
    console: object({ mode: consoleMode }, { ...pciPlace, file: text, socket: text }),
    vsock: object({ cid: integer(3), socket: text }, pciPlace),
    watchdog: boolean,
    pvpanic: boolean,
    iommu: boolean,
    landlock_enable: boolean,
  },
);

export const OPERATIONS: readonly Operation[] = [
  { method: "GET", path: "/vmm.ping", when: ["any"] },
  { method: "PUT", path: "/vmm.shutdown", when: ["any"] },
  { method: "GET", path: "/vm.info", when: ["created", "running", "paused"] },
  { method: "PUT", path: "/vm.create", when: ["empty"], body: machine },
  { method: "PUT", path: "/vm.delete", when: ["created", "running", "paused"] },
  { method: "PUT", path: "/vm.boot", when: ["created"] },
  { method: "PUT", path: "/vm.pause", when: ["running"] },
  { method: "PUT", path: "/vm.resume", when: ["paused"] },
  { method: "PUT", path: "/vm.shutdown", when: ["running", "paused"] },
  { method: "PUT", path: "/vm.snapshot", when: ["paused"], body: object({}, { destination_url: text }) },
  {
    method: "PUT",
    path: "/vm.restore",
    when: ["empty"],
    body: object(
      { source_url: text },
      { prefault: boolean, memory_restore_mode: choice("Copy", "OnDemand"), resume: boolean },
    ),
  },
];
