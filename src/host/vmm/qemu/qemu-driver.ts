/**
 * The QEMU driver: everywhere, with KVM or by emulation. QEMU inherits its connections as descriptors, so no path leads
 * to them, and gets SIGKILL from the kernel when the process that started it ends, however that ends.
 */
import { execFile } from "node:child_process";
import * as z from "zod/mini";
import { VitrineError } from "../../../base/error.ts";
import { fdStream } from "../../../channel/fd-stream.ts";
import type { OwnedFd } from "../../../sys/fd.ts";
import { fileSize } from "../../../sys/memory.ts";
import { socketPair } from "../../../sys/socket.ts";
import { dataFolder, guestFiles, type MonitorView, seenPath, writableGuestFiles } from "../confinement.ts";
import { ConsoleLog } from "../console-log.ts";
import type { Accelerator, Capabilities, Driver, RunningVm, VmExit, VmSpec } from "../driver.ts";
import { findProgram } from "../find-program.ts";
import { type MonitorEnd, MonitorProcess } from "../monitor-process.ts";
import { probeAcceleration } from "../probe.ts";
import { borrowed, qemuArguments } from "./arguments.ts";
import { QmpClient } from "./qmp.ts";

const QEMU = "qemu-system-x86_64";
/** Beside its program's folder; which of them hold the firmware differs from system to system. */
const FIRMWARE_FOLDERS = ["qemu", "seabios", "ipxe", "qemu-firmware"];
/** How long QEMU may take to quit when asked, before it is killed. */
const QUIT_DEADLINE_MS = 3000;
/** A kernel that panicked reboots, which ends QEMU; one that does not get that far within this time is ended. */
const PANIC_GRACE_MS = 5000;
/** How often to try whether the host's disk has room again. */
const ROOM_INTERVAL_MS = 3000;

export class QemuDriver implements Driver {
  readonly name = "qemu";

  probe(): Promise<Capabilities> {
    return new Promise((resolve, reject) => {
      execFile(QEMU, ["--version"], (error) => {
        if (error !== null) return reject(missing(error));
        resolve({
          sharedMemory: true,
          vsock: false,
          snapshot: false,
          balloon: false,
          hotplug: false,
          gpu: false,
          fsShare: false,
          network: true,
        });
      });
    });
  }

  async start(spec: VmSpec): Promise<RunningVm> {
    const { accelerator } = await probeAcceleration(spec.kernel);
    const vm = new QemuMachine(spec, accelerator);
    try {
      await vm.monitorReady();
      return vm;
    } catch (error) {
      await vm.kill();
      throw vm.startFailure(VitrineError.from(error));
    }
  }
}

/** The event of a write that stopped the machine because the host's disk is full. */
const diskFullSchema = z.object({ action: z.literal("stop"), nospace: z.literal(true) });

class QemuMachine implements RunningVm {
  readonly accelerator: Accelerator;
  readonly channel: Promise<OwnedFd>;
  readonly console: ConsoleLog;
  readonly exited: Promise<VmExit>;
  readonly #process: MonitorProcess;
  readonly #qmp: QmpClient;
  #pid = 0;
  #asked: "stop" | "kill" | undefined;
  readonly #onDiskFull: () => void;
  #waitsForRoom = false;

  constructor(spec: VmSpec, accelerator: Accelerator) {
    this.accelerator = accelerator;
    const program = requireQemu();
    const view = viewOf(spec, program, accelerator);
    const arenaBytes = spec.arena === undefined ? undefined : fileSize(spec.arena);
    const [channel, itsChannel] = socketPair();
    const [monitor, itsMonitor] = socketPair();
    const [console, itsConsole] = socketPair();
    try {
      this.#process = new MonitorProcess({
        name: "QEMU",
        program,
        args: qemuArguments(spec, accelerator, arenaBytes, (name) => seenPath(view, name, spec.confined)),
        view,
        confined: spec.confined,
        inherited: [itsChannel, itsMonitor, itsConsole, ...borrowed(spec)],
      });
    } catch (error) {
      for (const fd of [channel, monitor, console]) fd.close();
      throw error;
    } finally {
      for (const fd of [itsChannel, itsMonitor, itsConsole]) fd.close();
    }
    this.channel = Promise.resolve(channel);
    this.console = new ConsoleLog(spec.consoleLog, fdStream(console), () => this.#endAfterPanic());
    this.#qmp = new QmpClient(fdStream(monitor));
    // The console's last words are still in its socket.
    this.exited = Promise.all([this.#process.exited, this.console.ended]).then(
      ([end]) => this.#describeExit(end),
      (error: VitrineError) => ({ reason: "monitor-failed", status: -1, message: error.message }),
    );
    this.#onDiskFull = spec.onDiskFull ?? (() => {});
    this.#qmp.onEvent = (name, data) => {
      if (name === "BLOCK_IO_ERROR" && diskFullSchema.safeParse(data).success) this.#waitForRoom();
    };
    void this.exited.then(() => this.#qmp.close());
  }

  get pid(): number {
    return this.#pid;
  }

  /** QEMU runs and obeys. */
  async monitorReady(): Promise<void> {
    const ended = this.#process.exited.then((): never => {
      throw this.#process.failure();
    });
    ended.catch(() => {});
    await Promise.race([this.#qmp.open(), ended]);
    this.#pid = await this.#process.pid;
  }

  /** Why it did not start, after its end: what it said, or else what was noticed here. */
  startFailure(noticed: VitrineError): VitrineError {
    return this.#process.message === "" ? noticed : this.#process.failure();
  }

  async stop(): Promise<VmExit> {
    this.#asked ??= "stop";
    this.#qmp.execute("quit").catch(() => {});
    const timer = setTimeout(() => this.#process.kill(), QUIT_DEADLINE_MS);
    try {
      return await this.exited;
    } finally {
      clearTimeout(timer);
    }
  }

  kill(): Promise<VmExit> {
    this.#asked ??= "kill";
    this.#process.kill();
    return this.exited;
  }

  #endAfterPanic(): void {
    const timer = setTimeout(() => this.#process.kill(), PANIC_GRACE_MS);
    void this.exited.then(() => clearTimeout(timer));
  }

  /** QEMU stops a machine whose disk has no room on the host. Going on writes again, and stops again if nothing changed. */
  #waitForRoom(): void {
    if (this.#waitsForRoom) return;
    this.#waitsForRoom = true;
    this.#onDiskFull();
    const timer = setTimeout(() => {
      this.#waitsForRoom = false;
      this.#qmp.execute("cont").catch(() => {}); // It has ended.
    }, ROOM_INTERVAL_MS);
    void this.exited.then(() => clearTimeout(timer));
  }

  #describeExit({ status, signal }: MonitorEnd): VmExit {
    const { panic } = this.console;
    if (this.#asked === "stop") return { reason: "stopped" };
    if (panic !== undefined) return { reason: "panic", message: panic };
    if (signal !== undefined) return { reason: "killed", signal };
    if (status === 0) return { reason: "guest-exit" };
    return { reason: "monitor-failed", status: status ?? -1, message: this.#process.message };
  }
}

function viewOf(spec: VmSpec, program: string, accelerator: Accelerator): MonitorView {
  return {
    files: guestFiles(spec, "pci-serial"),
    writableFiles: writableGuestFiles(spec),
    support: FIRMWARE_FOLDERS.map((name) => dataFolder(program, name)),
    devices: ["/dev/null", "/dev/urandom", ...(accelerator === "kvm" ? ["/dev/kvm"] : [])],
    sockets: "none",
  };
}

function requireQemu(): string {
  const program = findProgram(QEMU);
  if (program === undefined) throw missing(new Error("no such program"));
  return program;
}

function missing(cause: Error): VitrineError {
  return new VitrineError("unavailable", `Cannot run "${QEMU}": ${cause.message}`, { cause, fix: "./vitrine setup" });
}
