/**
 * What a virtual machine monitor must offer, whichever it is. A driver says what it can do ({@link Capabilities}), starts
 * a machine from a {@link VmSpec}, and hands back a {@link RunningVm}: two byte pipes to the agent in it, and the promise
 * of how it ended.
 *
 * A machine never outlives the process that started it, however that ends.
 */
import { VitrineError } from "../../base/error.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import type { Kernel } from "../image/kernel.ts";
import type { ConsoleLog } from "./console-log.ts";

/** How guest code runs: by the processor ("kvm"), or translated by the monitor ("tcg"), which is about ten times slower. */
export type Accelerator = "kvm" | "tcg";

/** What a driver offers, as this version uses it. */
export interface Capabilities {
  /** A memory file of the host can be mapped by the guest (the window arena). */
  readonly sharedMemory: boolean;
  /** Guest and host can open vsock connections. */
  readonly vsock: boolean;
  /** A running machine can be saved and started again. */
  readonly snapshot: boolean;
  /** Free guest memory goes back to the host. */
  readonly balloon: boolean;
  /** Disks can be attached to a running machine. */
  readonly hotplug: boolean;
  /** The guest has a GPU. */
  readonly gpu: boolean;
  /** Host folders can be shared with the guest. */
  readonly fsShare: boolean;
  /** The guest can have a network card. */
  readonly network: boolean;
}

/** What a machine is made of. Paths are absolute; the files are only read, but for the data disk. */
export interface VmSpec {
  /** For messages and process listings. */
  readonly name: string;
  readonly kernel: Kernel;
  /** True: boots the smallest guest there is (initramfs-probe.ts) instead of a sandbox's, to see whether it boots. */
  readonly smallestGuest?: boolean;
  /** EROFS image with the agent, the guest's first disk. */
  readonly toolsImage: string;
  /** EROFS image of the apps' root, the guest's second disk; without it the guest has an empty app root. */
  readonly appImage?: string;
  /** EROFS images laid over the apps' root, lowest first: the disks after it. */
  readonly layerImages?: readonly string[];
  /**
   * The one disk that the guest may write, after all others: a raw file, which its flushes reach before they are answered.
   */
  readonly dataDisk?: string;
  /** The host has no room for what the guest writes: the machine stands still, and goes on by itself when there is some. */
  readonly onDiskFull?: () => void;
  /**
   * The window arena ({@link ../image/arena-template.ts}), of `arenaBytes` bytes: a sealed memory file. Borrowed: the
   * monitor gets a duplicate, the caller's stays its own. Absent: the guest has no arena.
   */
  readonly arena?: OwnedFd;
  /**
   * A stream socket with the frames of the guest's network card, each after its length in 4 bytes, highest first. Borrowed,
   * as the arena. Absent: the guest has no card.
   */
  readonly network?: OwnedFd;
  /** A folder for the monitor's sockets, which a driver makes if it needs one and removes at the end; its parent is there. */
  readonly workFolder: string;
  /** Where the guest's console is written; the file is replaced. Bounded, see console-log.ts. */
  readonly consoleLog: string;
  /** MiB of guest memory, not preallocated; {@link DEFAULT_MEMORY_MIB} when absent. */
  readonly memoryMib?: number;
  /** Virtual processors; {@link DEFAULT_CPUS} when absent. */
  readonly cpus?: number;
  /** Host folders for the guest, on a driver that has `fsShare`. */
  readonly fsShares?: readonly FsShare[];
  /** The monitor runs inside its walls ({@link ./confinement.ts}). False only when the user said so. */
  readonly confined: boolean;
}

/** The files that a machine is made of, which its guest only reads. */
export function guestFilesOf(spec: VmSpec): string[] {
  const disks = [spec.toolsImage, ...(spec.appImage === undefined ? [] : [spec.appImage]), ...(spec.layerImages ?? [])];
  return [spec.kernel.image, spec.kernel.initramfs, ...disks];
}

/** A host folder that the guest can mount as virtio-fs. Served by a process of its own (virtiofsd): no monitor sees the folder. */
export interface FsShare {
  /** By which the guest mounts it; letters and digits. */
  readonly tag: string;
  /** Where that process listens. */
  readonly socket: string;
}

/** MiB of memory a guest may use unless asked otherwise; only what it touches is taken from the host. */
export const DEFAULT_MEMORY_MIB = 1024;
/** Virtual processors of a guest unless asked otherwise: one for the app, one for the agent. */
export const DEFAULT_CPUS = 2;

/** How a machine ended. Text of the guest is sanitised. */
export type VmExit =
  /** stop() was called here. */
  | { readonly reason: "stopped" }
  /** The guest rebooted or powered off of its own accord: the agent ended, or lost its link. */
  | { readonly reason: "guest-exit" }
  /** The guest's kernel panicked; `message` is the panic line of its console. */
  | { readonly reason: "panic"; readonly message: string }
  /** The monitor was killed by a signal that was not ours, or by kill(). */
  | { readonly reason: "killed"; readonly signal: string }
  /** The monitor could not start or gave up; `message` is what it said. */
  | { readonly reason: "monitor-failed"; readonly status: number; readonly message: string };

/**
 * True for the error of a machine that says nothing about what the machine was made of: it could not be started here at all,
 * or somebody ended it with SIGKILL (a user, or a host without memory).
 */
export function isNoFaultOfMachine(error: unknown): boolean {
  const { code, cause } = VitrineError.from(error);
  return code === "unavailable" || (cause as { signal?: unknown } | undefined)?.signal === "SIGKILL";
}

/**
 * Memory that the guest gets once it runs, and of which parts can be taken back: those are the host's again at once, whatever
 * has been in them.
 */
export interface ElasticMemory {
  /** All of it, in bytes. */
  readonly bytes: number;
  /** Says how much of it the guest shall have; it gets it, or gives up what it can, in its own time. */
  request(bytes: number): Promise<void>;
  /** How much of it the guest has now, in bytes. */
  plugged(): Promise<number>;
}

/** How long a machine that says nothing any more may take to end, and so to tell why, in milliseconds. */
export const LAST_WORDS_MS = 500;

export interface RunningVm {
  /** Of the monitor. */
  readonly pid: number;
  readonly accelerator: Accelerator;
  /**
   * The byte pipe to the agent (a stream socket); the caller owns it. Closing it ends the guest. Comes at once, or when the
   * guest has connected: await it under {@link ./boot-watchdog.ts}. Rejects when the machine ends before that.
   */
  readonly channel: Promise<OwnedFd>;
  /**
   * The byte pipe for windows, likewise, which the guest opens when it is greeted. To be called once at most; the caller owns
   * it. One that nobody takes goes with the machine.
   */
  takeDisplayChannel(): Promise<OwnedFd>;
  /** Absent: the guest has all of its memory from the beginning, and gives parts back by itself where the monitor can do so. */
  readonly elasticMemory?: ElasticMemory;
  /** What the guest printed. */
  readonly console: Pick<ConsoleLog, "tail">;
  /** Resolves, never rejects, when the monitor is gone and the console log is complete. */
  readonly exited: Promise<VmExit>;
  /**
   * Stops the virtual processors until resume(): the machine then uses no processor of the host, and its clocks stand still.
   * Resolve when that is so; both absent: the monitor cannot.
   */
  pause?(): Promise<void>;
  resume?(): Promise<void>;
  /** Ends the machine at once, in order where possible (the agent's own `stop` comes before that); waits for the end. */
  stop(): Promise<VmExit>;
  /** SIGKILL to the monitor; waits for the end. */
  kill(): Promise<VmExit>;
}

/** A machine that was started in order to be saved. */
export interface SaveableVm extends RunningVm {
  /**
   * Saves the machine, with whatever its guest is doing, to files in `directory`, which is there and empty; this machine
   * ends with that. Rejects with VitrineError "guest-failed", "no-space" or "io": the machine is then to be killed.
   */
  save(directory: string): Promise<void>;
}

/** Machines that are saved once and started from there many times. */
export interface SnapshotDriver {
  /**
   * Everything on which a saved machine of this spec depends beside the content of the files that the spec names: the
   * monitor's version, the processor, the host's kernel, the shape of the machine. It is of use only where all are equal.
   */
  facts(spec: VmSpec): Promise<readonly string[]>;
  /** As {@link Driver.start}, for a machine to be saved. Its guest is told so: REHEARSAL_OPTION of contract/agent.ts. */
  startSaveable(spec: VmSpec): Promise<SaveableVm>;
  /**
   * Starts a machine where the one saved in `directory` was. `spec` may differ from that one's in `name`, `arena` and
   * `dataDisk` (other files of the same size), `network` (another socket), `workFolder` and `consoleLog`. The files must not
   * change while the machine runs: it reads them when it needs them, and shares what it has not changed with the others.
   * Resolves when the guest runs. Throws "guest-failed".
   */
  restore(spec: VmSpec, directory: string): Promise<RunningVm>;
}

export interface Driver {
  readonly name: string;
  /** What it can do here, or throws VitrineError "unavailable" with the fix. Starts nothing that lasts. */
  probe(): Promise<Capabilities>;
  /**
   * Starts a machine. Resolves once the monitor runs and obeys, which is before the guest has booted: await the agent
   * under {@link ./boot-watchdog.ts}. Throws VitrineError "unavailable" or "guest-failed".
   */
  start(spec: VmSpec): Promise<RunningVm>;
  /** Absent: this driver cannot save machines. */
  readonly snapshots?: SnapshotDriver;
}
