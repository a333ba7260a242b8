/**
 * The QEMU driver: everywhere, with KVM or by emulation. QEMU inherits its connections as descriptors, so no path leads
 * to them, and gets SIGKILL from the kernel when the process that started it ends, however that ends.
 */
import * as z from "zod/mini";
import { VitrineError } from "../../../base/error.ts";
import { fdStream } from "../../../channel/fd-stream.ts";
import type { OwnedFd } from "../../../sys/fd.ts";
import { fileSize, memfdCreate } from "../../../sys/memory.ts";
import { socketPair } from "../../../sys/socket.ts";
import { dataFolder, guestFiles, type MonitorView, seenPath, writableGuestFiles } from "../confinement.ts";
import { ConsoleLog } from "../console-log.ts";
import {
  type Accelerator,
  type Capabilities,
  type Driver,
  type ElasticMemory,
  LAST_WORDS_MS,
  type RunningVm,
  type SaveableVm,
  type SnapshotDriver,
  type VmExit,
  type VmSpec,
} from "../driver.ts";
import { findProgram } from "../find-program.ts";
import { hostFacts } from "../host-facts.ts";
import { type MonitorEnd, MonitorProcess } from "../monitor-process.ts";
import { probeAcceleration } from "../probe.ts";
import { borrowed, ELASTIC_MEMORY, MEMORY, memoryParts, type QemuStart, qemuArguments } from "./arguments.ts";
import { QmpClient } from "./qmp.ts";
import { copyMemory, loadState, memoryFile, restoreMode, saveState } from "./saved-state.ts";

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

  /** Does not ask QEMU: every start would wait for that, and one that cannot run is noticed soon enough. */
  async probe(): Promise<Capabilities> {
    requireQemu();
    return {
      sharedMemory: true,
      vsock: false,
      snapshot: true,
      balloon: false,
      hotplug: false,
      gpu: false,
      fsShare: false,
      network: true,
    };
  }

  async start(spec: VmSpec): Promise<RunningVm> {
    const { accelerator } = await probeAcceleration(spec.kernel);
    return await ready(new QemuMachine(spec, accelerator, "boot"));
  }

  readonly snapshots: SnapshotDriver = {
    facts: async (spec) => {
      const { accelerator } = await probeAcceleration(spec.kernel);
      const arenaBytes = spec.arena === undefined ? undefined : fileSize(spec.arena);
      const shape = qemuArguments({ ...spec, name: "" }, accelerator, arenaBytes, (name) => name, "saveable");
      return [...hostFacts(requireQemu()), ...shape];
    },
    startSaveable: async (spec) => {
      const { accelerator } = await probeAcceleration(spec.kernel);
      const memory = memfdCreate("vitrine-memory", memoryParts(spec).fixed * 1024 * 1024);
      return await ready(new QemuMachine(spec, accelerator, "saveable", { memory }));
    },
    restore: async (spec, directory) => {
      const { accelerator } = await probeAcceleration(spec.kernel);
      const vm = new QemuMachine(spec, accelerator, restoreMode(directory), { directory });
      return await ready(vm, () => vm.load(directory));
    },
  };
}

/** Waits until QEMU obeys, and for what it then has to do; ends it when that fails. */
async function ready(vm: QemuMachine, then: () => Promise<void> = async () => {}): Promise<QemuMachine> {
  try {
    await vm.monitorReady();
    await then();
    return vm;
  } catch (error) {
    await vm.kill();
    throw vm.startFailure(VitrineError.from(error));
  }
}

/** The device of the guest's elastic memory, by its properties (hw/virtio/virtio-mem.c of QEMU). */
class QemuElasticMemory implements ElasticMemory {
  readonly bytes: number;
  readonly #qmp: QmpClient;

  constructor(qmp: QmpClient, bytes: number) {
    this.#qmp = qmp;
    this.bytes = bytes;
  }

  async request(bytes: number): Promise<void> {
    await this.#qmp.execute("qom-set", { ...this.#property("requested-size"), value: bytes });
  }

  async plugged(): Promise<number> {
    return z.int().parse(await this.#qmp.execute("qom-get", this.#property("size")));
  }

  #property(property: string) {
    return { path: `/machine/peripheral/${ELASTIC_MEMORY}`, property };
  }
}

/** The event of a write that stopped the machine because the host's disk is full. */
const diskFullSchema = z.object({ action: z.literal("stop"), nospace: z.literal(true) });

class QemuMachine implements SaveableVm {
  readonly accelerator: Accelerator;
  readonly channel: Promise<OwnedFd>;
  readonly elasticMemory?: ElasticMemory;
  readonly console: ConsoleLog;
  readonly exited: Promise<VmExit>;
  readonly #process: MonitorProcess;
  readonly #qmp: QmpClient;
  readonly #memory: OwnedFd | undefined;
  #display: OwnedFd | undefined;
  #pid = 0;
  #asked: "stop" | "kill" | undefined;
  readonly #onDiskFull: () => void;
  #waitsForRoom = false;

  /**
   * `memory`: a memory file to be the guest's memory, for "saveable"; taken over. `directory`: what is restored.
   */
  constructor(
    spec: VmSpec,
    accelerator: Accelerator,
    start: QemuStart,
    { memory, directory }: { memory?: OwnedFd; directory?: string } = {},
  ) {
    this.accelerator = accelerator;
    this.#memory = memory;
    const program = requireQemu();
    const view = viewOf(spec, program, accelerator, restoredMemory(start, directory));
    const arenaBytes = spec.arena === undefined ? undefined : fileSize(spec.arena);
    const [channel, itsChannel] = socketPair();
    const [display, itsDisplay] = socketPair();
    const [monitor, itsMonitor] = socketPair();
    const [console, itsConsole] = socketPair();
    try {
      this.#process = new MonitorProcess({
        name: "QEMU",
        program,
        args: qemuArguments(spec, accelerator, arenaBytes, (name) => seenPath(view, name, spec.confined), start),
        view,
        confined: spec.confined,
        inherited: [
          itsChannel,
          itsDisplay,
          itsMonitor,
          itsConsole,
          ...borrowed(spec),
          ...(memory === undefined ? [] : [memory]),
        ],
      });
    } catch (error) {
      for (const fd of [channel, display, monitor, console]) fd.close();
      memory?.close();
      throw error;
    } finally {
      for (const fd of [itsChannel, itsDisplay, itsMonitor, itsConsole]) fd.close();
    }
    this.channel = Promise.resolve(channel);
    this.#display = display;
    this.console = new ConsoleLog(spec.consoleLog, fdStream(console), () => this.#endAfterPanic());
    this.#qmp = new QmpClient(monitor);
    const { elastic } = memoryParts(spec);
    if (elastic > 0) this.elasticMemory = new QemuElasticMemory(this.#qmp, elastic * 1024 * 1024);
    // The console's last words are still in its socket.
    this.exited = Promise.all([this.#process.exited, this.console.ended]).then(
      ([end]) => this.#describeExit(end),
      (error: VitrineError) => ({ reason: "monitor-failed", status: -1, message: error.message }),
    );
    this.#onDiskFull = spec.onDiskFull ?? (() => {});
    this.#qmp.onEvent = (name, data) => {
      if (name === "BLOCK_IO_ERROR" && diskFullSchema.safeParse(data).success) this.#waitForRoom();
    };
    void this.exited.then(() => {
      this.#qmp.close();
      this.#display?.close();
      memory?.close();
    });
  }

  get pid(): number {
    return this.#pid;
  }

  async takeDisplayChannel(): Promise<OwnedFd> {
    const display = this.#display;
    if (display === undefined) throw new VitrineError("internal", "Cannot take the display's channel: it was taken");
    this.#display = undefined;
    return display;
  }

  /** QEMU runs and obeys. */
  async monitorReady(): Promise<void> {
    await this.#unlessEnded(this.#qmp.open());
    this.#pid = await this.#process.pid;
  }

  /** Has QEMU, which was started to restore, read the state of the devices and run the guest. */
  async load(directory: string): Promise<void> {
    await this.#unlessEnded(loadState(this.#qmp, directory));
  }

  async save(directory: string): Promise<void> {
    await this.#unlessEnded(saveState(this.#qmp, directory));
    if (this.#memory === undefined) throw new VitrineError("internal", "Cannot save a machine without a memory file");
    using memory = this.#memory.dup();
    // Only now is the file at rest.
    await this.stop();
    copyMemory(memory, directory);
  }

  async #unlessEnded(done: Promise<void>): Promise<void> {
    const ended = this.#process.exited.then((end): never => {
      throw this.#process.failure(end);
    });
    ended.catch(() => {});
    const failed = done.catch(async (error) => {
      await Promise.race([ended, Bun.sleep(LAST_WORDS_MS)]); // What it dies of says more.
      throw error;
    });
    failed.catch(() => {});
    await Promise.race([failed, ended]);
  }

  /** Why it did not start, after its end: what it said, or else what was noticed here. */
  startFailure(noticed: VitrineError): VitrineError {
    return this.#process.message === "" ? noticed : this.#process.failure();
  }

  async pause(): Promise<void> {
    await this.#unlessEnded(this.#qmp.execute("stop").then(() => {}));
  }

  async resume(): Promise<void> {
    await this.#unlessEnded(this.#qmp.execute("cont").then(() => {}));
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

type Files = Readonly<Record<string, string>>;

/** The file that is the memory of a machine which is restored. It can be written only where QEMU wants it so. */
function restoredMemory(start: QemuStart, directory: string | undefined): { files?: Files; writableFiles?: Files } {
  if (directory === undefined) return {};
  const memory = { [MEMORY]: memoryFile(directory) };
  return start === "restore-writable" ? { writableFiles: memory } : { files: memory };
}

function viewOf(
  spec: VmSpec,
  program: string,
  accelerator: Accelerator,
  memory: { files?: Files; writableFiles?: Files },
): MonitorView {
  return {
    files: { ...guestFiles(spec, "pci-serial"), ...memory.files },
    writableFiles: { ...writableGuestFiles(spec), ...memory.writableFiles },
    support: FIRMWARE_FOLDERS.map((name) => dataFolder(program, name)),
    devices: ["/dev/null", "/dev/urandom", ...(accelerator === "kvm" ? ["/dev/kvm"] : [])],
    sockets: "none",
  };
}

function requireQemu(): string {
  const program = findProgram(QEMU);
  if (program === undefined)
    throw new VitrineError("unavailable", `Cannot run "${QEMU}": no such program`, { fix: "./vitrine setup" });
  return program;
}
