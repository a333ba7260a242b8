/** What there is of a sandbox only while its machine runs: the machine, the link to the agent, processes and windows. */
import { sanitizeText } from "../../base/sanitize.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import type { GuestStreamHeader } from "../../channel/contract/agent.ts";
import type { Phase, SandboxInfo } from "../../channel/contract/control.ts";
import { fdStream } from "../../channel/fd-stream.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { socketPair } from "../../sys/socket.ts";
import { GuestNetwork } from "../network/guest-network.ts";
import { awaitBoot } from "../vmm/boot-watchdog.ts";
import { DEFAULT_MEMORY_MIB, type Driver, type RunningVm, type VmExit } from "../vmm/driver.ts";
import { limitProcess, monitorLimits } from "../vmm/resource-limits.ts";
import type { SandboxPaths } from "./directories.ts";
import { GuestLink } from "./guest-link.ts";
import { GuestProcesses } from "./guest-processes.ts";
import { markUsed } from "./home-disk.ts";
import type { EndReason } from "./lifecycle.ts";
import type { LogFile, Severity } from "./log-file.ts";
import type { SupervisorSpec } from "./supervisor-spec.ts";
import { openWindows, type Windows } from "./windows.ts";

/** How long a guest that does not answer may keep whoever asks for its memory waiting, in milliseconds. */
export const GUEST_MEMORY_DEADLINE_MS = 2000;

/** How often at most a user is told that the disk is full, in milliseconds. */
export const DISK_FULL_NOTICE_INTERVAL_MS = 60_000;

export interface GuestOptions {
  readonly spec: SupervisorSpec;
  readonly paths: SandboxPaths;
  readonly consoleLog: string;
  readonly log: LogFile;
  readonly driver: Driver;
}

export interface GuestEvents {
  reached(phase: Phase, at: number): void;
  /** Processes or windows have come or gone. */
  activityChanged(): void;
  notice(severity: Severity, message: string): void;
  compositorLost(): void;
  /** The machine may run on, but nobody in it answers any more. */
  agentLost(message: string): void;
  /** Called once, if the machine was started at all. */
  machineEnded(reason: EndReason): void;
}

export class Guest {
  readonly #options: GuestOptions;
  readonly #events: GuestEvents;
  #machine: RunningVm | undefined;
  #link: GuestLink | undefined;
  #windows: Windows | undefined;
  #processes: GuestProcesses | undefined;
  #killed = false;
  #closed = false;
  #network: GuestNetwork | undefined;
  #diskFullTold = 0;

  constructor(options: GuestOptions, events: GuestEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** Starts the machine and waits until the agent has answered. Rejects when either fails. */
  async start(): Promise<void> {
    const { spec, driver, consoleLog, log, paths } = this.#options;
    const windows = await this.#openWindows();
    const network = spec.network === null ? undefined : this.#openNetwork(spec.network);
    const machine = await driver.start({
      name: spec.name,
      kernel: spec.kernel,
      toolsImage: spec.toolsImage,
      appImage: spec.appImage,
      ...(spec.home === null ? {} : { dataDisk: spec.home.path }),
      consoleLog,
      workFolder: paths.machine,
      confined: spec.confined,
      ...(network === undefined ? {} : { network }),
      onDiskFull: () => this.#tellDiskFull(),
      ...(windows.guestArena === undefined ? {} : { arena: windows.guestArena }),
      ...(spec.memoryMib === undefined ? {} : { memoryMib: spec.memoryMib }),
    });
    network?.close();
    this.#machine = machine;
    void machine.exited.then((exit) => this.#events.machineEnded(reasonOf(exit)));
    if (this.#killed) this.kill();
    this.#events.reached("vmm", Date.now());
    log.entry(
      "info",
      `monitor ${machine.pid} runs (${machine.accelerator}, ${spec.confined ? "confined" : "unconfined"})`,
    );
    void this.#limit(machine, windows);
    const link = new GuestLink(fdStream(await awaitBoot(machine, machine.channel)), {
      stream: (stream, header) => this.#acceptStream(stream, header),
      exited: (process, end) => this.#processes?.ended(process, end),
      refused: (message) => this.#events.notice("warning", message),
      lost: (error) => this.#events.agentLost(error?.message ?? "the link was closed"),
    });
    this.#link = link;
    await this.#greet(machine, link, windows);
    await Promise.all([this.#openHome(link), this.#network === undefined ? undefined : link.openNetwork()]);
    this.#processes = new GuestProcesses(link, log, () => this.#events.activityChanged());
  }

  /** Processes can be started; undefined before the agent has answered. */
  get processes(): GuestProcesses | undefined {
    return this.#processes;
  }

  get windows(): number {
    return this.#windows?.count ?? 0;
  }

  /** Undefined when the guest has no network card. */
  get network(): GuestNetwork | undefined {
    return this.#network;
  }

  /** The monitor; undefined before it runs. */
  get machine(): RunningVm | undefined {
    return this.#machine;
  }

  /** Memory of the guest, null when it does not say. */
  async memory(): Promise<SandboxInfo["guestMemory"]> {
    if (this.#link === undefined || this.#processes === undefined) return null;
    return this.#link.rpc.call("memory", {}, { deadlineMs: GUEST_MEMORY_DEADLINE_MS }).catch(() => null);
  }

  /** Asks the agent to end all processes, within `grace` milliseconds, and to switch off. */
  askToStop(grace: number): void {
    // The answer may be cut off by what it announces.
    void this.#link?.rpc.call("stop", { grace }).catch(() => {});
  }

  /** Kills the monitor, or the one that is just being started. */
  kill(): void {
    this.#killed = true;
    void this.#machine?.kill();
  }

  /** Closes windows, network and link. The machine has ended before, or never began. */
  close(): void {
    this.#closed = true;
    this.#windows?.close();
    this.#network?.close();
    this.#link?.close();
  }

  /** Nothing waits for this: without limits a sandbox runs as well. */
  async #limit(machine: RunningVm, windows: Windows): Promise<void> {
    const { spec, log } = this.#options;
    const guestBytes = (spec.memoryMib ?? DEFAULT_MEMORY_MIB) * 1024 * 1024 + windows.arenaBytes;
    const limits = monitorLimits(guestBytes, machine.accelerator);
    const missing = await limitProcess(machine.pid, spec.name, limits);
    if (this.#closed) return;
    if (missing === undefined) log.entry("info", `monitor limited to ${Math.round(limits.memoryBytes / 2 ** 20)} MiB`);
    else log.entry("info", `monitor without limits on its memory: ${missing}`);
  }

  async #openWindows(): Promise<Windows> {
    this.#windows = await openWindows(this.#options.spec, {
      changed: () => this.#events.activityChanged(),
      firstFrame: () => this.#events.reached("firstFrame", Date.now()),
      compositorLost: () => this.#events.compositorLost(),
      notice: (severity, message) => this.#events.notice(severity, message),
    });
    return this.#windows;
  }

  async #greet(machine: RunningVm, link: GuestLink, windows: Windows): Promise<void> {
    const { spec, log } = this.#options;
    const answer = link.hello({
      hostname: spec.name,
      environment: spec.environment,
      pixels: windows.pixels,
      arenaBytes: windows.arenaBytes,
    });
    const { uptime, kernel } = await awaitBoot(machine, answer);
    const now = Date.now();
    windows.setGuestUptime(uptime.now);
    this.#events.reached("kernel", now - (uptime.now - uptime.init));
    this.#events.reached("agent", now);
    log.entry("info", `agent answers, kernel ${sanitizeText(kernel)}`);
  }

  /** The gate, and the end of its socket that the monitor gets. */
  #openNetwork({ policy, trustNames }: NonNullable<SupervisorSpec["network"]>): OwnedFd {
    const [ours, theirs] = socketPair();
    const onNotice = (message: string) => this.#events.notice("warning", message);
    this.#network = new GuestNetwork(ours, { policy, trustNames, confined: this.#options.spec.confined, onNotice });
    return theirs;
  }

  async #openHome(link: GuestLink): Promise<void> {
    const { home } = this.#options.spec;
    if (home === null) return;
    await link.openHome(home.unused);
    if (home.unused) markUsed(home.path);
  }

  #tellDiskFull(): void {
    if (Date.now() - this.#diskFullTold < DISK_FULL_NOTICE_INTERVAL_MS) return;
    this.#diskFullTold = Date.now();
    this.#events.notice("error", "the disk is full: the sandbox stands still until it has room");
  }

  #acceptStream(stream: ByteStream, header: GuestStreamHeader): void {
    if (this.#windows === undefined) stream.destroy();
    else this.#windows.accept(stream, header);
  }
}

function reasonOf(exit: VmExit): EndReason {
  switch (exit.reason) {
    case "stopped":
    case "guest-exit":
      return { kind: "guest-off" };
    case "panic":
      return { kind: "guest-panic", line: exit.message };
    case "killed":
      return { kind: "monitor-failed", message: `it was killed by ${exit.signal}` };
    case "monitor-failed":
      return { kind: "monitor-failed", message: exit.message };
    default:
      return exit satisfies never;
  }
}
