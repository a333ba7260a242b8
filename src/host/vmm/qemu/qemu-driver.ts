/**
 * The QEMU driver: everywhere, with KVM or by emulation. QEMU inherits its connections as descriptors, so no path leads
 * to them, and gets SIGKILL from the kernel when the process that started it ends, however that ends.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { VitrineError } from "../../../base/error.ts";
import { sanitizeText } from "../../../base/sanitize.ts";
import { fdStream } from "../../../channel/fd-stream.ts";
import { fileSize } from "../../../sys/memory.ts";
import { socketPair } from "../../../sys/socket.ts";
import { ConsoleLog } from "../console-log.ts";
import type { Accelerator, Capabilities, Driver, RunningVm, VmExit, VmSpec } from "../driver.ts";
import { probeAcceleration } from "../probe.ts";
import { qemuArguments } from "./arguments.ts";
import { QmpClient } from "./qmp.ts";

const QEMU = "qemu-system-x86_64";
/** Characters of QEMU's own messages that are kept. */
const MAX_MESSAGE_CHARS = 4096;
/** How long QEMU may take to quit when asked, before it is killed. */
const QUIT_DEADLINE_MS = 3000;
/** A kernel that panicked reboots, which ends QEMU; one that does not get that far within this time is ended. */
const PANIC_GRACE_MS = 5000;

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
      const exit = await vm.kill();
      if (exit.reason === "monitor-failed")
        throw new VitrineError("guest-failed", `Cannot start QEMU: ${exit.message}`, { cause: error });
      throw error;
    }
  }
}

class QemuMachine implements RunningVm {
  readonly pid: number;
  readonly accelerator: Accelerator;
  readonly channel;
  readonly console: ConsoleLog;
  readonly exited: Promise<VmExit>;
  readonly #child: ChildProcess;
  readonly #qmp: QmpClient;
  #asked: "stop" | "kill" | undefined;
  #message = "";

  constructor(spec: VmSpec, accelerator: Accelerator) {
    this.accelerator = accelerator;
    const [channel, itsChannel] = socketPair();
    const [monitor, itsMonitor] = socketPair();
    const [console, itsConsole] = socketPair();
    this.channel = channel;
    const arenaBytes = spec.arena === undefined ? undefined : fileSize(spec.arena);
    const inherited = [
      itsChannel.raw,
      itsMonitor.raw,
      itsConsole.raw,
      ...(spec.arena === undefined ? [] : [spec.arena.raw]),
    ];
    this.#child = spawn("setpriv", ["--pdeathsig", "KILL", QEMU, ...qemuArguments(spec, accelerator, arenaBytes)], {
      stdio: ["ignore", "pipe", "pipe", ...inherited],
    });
    for (const fd of [itsChannel, itsMonitor, itsConsole]) fd.close();
    this.pid = this.#child.pid ?? 0;
    this.console = new ConsoleLog(spec.consoleLog, fdStream(console), () => this.#endAfterPanic());
    this.#qmp = new QmpClient(fdStream(monitor));
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      output?.setEncoding("utf8").on("data", (text: string) => {
        this.#message = (this.#message + text).slice(-MAX_MESSAGE_CHARS);
      });
    }
    this.exited = new Promise((resolve) => {
      this.#child.on("error", (error) =>
        resolve({ reason: "monitor-failed", status: -1, message: missing(error).message }),
      );
      this.#child.on("close", (status, signal) => {
        // The console's last words are still in its socket.
        void this.console.ended.then(() => resolve(this.#describeExit(status, signal)));
      });
    });
    void this.exited.then(() => this.#qmp.close());
  }

  /** QEMU runs and obeys. */
  async monitorReady(): Promise<void> {
    const ended = this.exited.then((exit) => {
      throw new VitrineError(
        "guest-failed",
        `Cannot start QEMU: ${exit.reason === "monitor-failed" ? exit.message : exit.reason}`,
      );
    });
    ended.catch(() => {});
    await Promise.race([this.#qmp.open(), ended]);
  }

  async stop(): Promise<VmExit> {
    this.#asked ??= "stop";
    this.#qmp.execute("quit").catch(() => {});
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), QUIT_DEADLINE_MS);
    try {
      return await this.exited;
    } finally {
      clearTimeout(timer);
    }
  }

  kill(): Promise<VmExit> {
    this.#asked ??= "kill";
    this.#child.kill("SIGKILL");
    return this.exited;
  }

  #endAfterPanic(): void {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), PANIC_GRACE_MS);
    void this.exited.then(() => clearTimeout(timer));
  }

  #describeExit(status: number | null, signal: NodeJS.Signals | null): VmExit {
    const { panic } = this.console;
    if (this.#asked === "stop") return { reason: "stopped" };
    if (panic !== undefined) return { reason: "panic", message: panic };
    if (signal !== null) return { reason: "killed", signal };
    if (status === 0) return { reason: "guest-exit" };
    return {
      reason: "monitor-failed",
      status: status ?? -1,
      message: sanitizeText(this.#message.trim().replaceAll("\n", "; "), 800),
    };
  }
}

function missing(cause: Error): VitrineError {
  return new VitrineError("unavailable", `Cannot run "${QEMU}": ${cause.message}`, { cause, fix: "./vitrine setup" });
}
