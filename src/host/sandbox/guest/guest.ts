/** What there is of a sandbox only while its machine runs: the machine, the link to the agent, processes and windows. */
import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { VitrineError } from "../../../base/error.ts";
import { sanitizeText } from "../../../base/sanitize.ts";
import type { ByteStream } from "../../../channel/byte-stream.ts";
import type { SandboxInfo } from "../../../channel/contract/control.ts";
import type { TraceOptions } from "../../../channel/contract/trace.ts";
import { fdStream } from "../../../channel/fd-stream.ts";
import type { OwnedFd } from "../../../sys/fd.ts";
import { socketPair } from "../../../sys/socket.ts";
import { TraceStream } from "../../display/trace/trace-stream.ts";
import { GuestNetwork } from "../../network/guest-network.ts";
import type { Policy } from "../../policy/policy.ts";
import { snapshotKey } from "../../snapshot/snapshot-key.ts";
import { isRefused, openSnapshot, refuseSnapshot, type StoredSnapshot } from "../../snapshot/snapshot-store.ts";
import { startSnapshot } from "../../snapshot/start-snapshot.ts";
import { awaitBoot } from "../../vmm/boot-watchdog.ts";
import { DEFAULT_MEMORY_MIB, isNoFaultOfMachine, type RunningVm, type VmSpec } from "../../vmm/driver.ts";
import { limitProcess, monitorLimits } from "../../vmm/resource-limits.ts";
import { markUsed } from "../home-disk.ts";
import { residentOf } from "../memory/resident.ts";
import { SHRINK_DEADLINE_MS, shrink, WORTH_SHRINKING_BYTES } from "../memory/shrink.ts";
import { reasonOf } from "../supervisor/machine-end.ts";
import type { SupervisorSpec } from "../supervisor/supervisor-spec.ts";
import { openWindows, type Windows } from "../supervisor/windows.ts";
import { GuestLink } from "./guest-link.ts";
import type { GuestEvents, GuestOptions } from "./guest-options.ts";
import { GuestProcesses } from "./guest-processes.ts";

/** How long a guest that does not answer may keep whoever asks for its memory waiting, in milliseconds. */
export const GUEST_MEMORY_DEADLINE_MS = 2000;

/** How often at most a user is told that the disk is full, in milliseconds. */
export const DISK_FULL_NOTICE_INTERVAL_MS = 60_000;

export class Guest {
  readonly #options: GuestOptions;
  readonly #events: GuestEvents;
  #machine: RunningVm | undefined;
  #link: GuestLink | undefined;
  #windows: Windows | undefined;
  #processes: GuestProcesses | undefined;
  #origin: "cold" | "restored" | undefined;
  #paused = false;
  #killed = false;
  #closed = false;
  #network: GuestNetwork | undefined;
  #diskFullTold = 0;

  constructor(options: GuestOptions, events: GuestEvents) {
    this.#options = options;
    this.#events = events;
  }

  /**
   * Starts the machine, from a snapshot where there is one, and waits until the agent has answered. Rejects when either
   * fails.
   */
  async start(): Promise<void> {
    const { spec, driver, consoleLog, log, paths } = this.#options;
    const windows = await this.#openWindows();
    // Its disk gets another name once it is in use.
    const homeBytes = spec.home === null ? undefined : statSync(spec.home.path).size;
    using network = spec.network === null ? undefined : this.#openNetwork(spec.network);
    const vmSpec: VmSpec = {
      name: spec.name,
      kernel: spec.kernel,
      toolsImage: spec.toolsImage,
      appImage: spec.appImage,
      layerImages: spec.layerImages,
      ...(spec.home === null ? {} : { dataDisk: spec.home.path }),
      consoleLog,
      workFolder: paths.machine,
      confined: spec.confined,
      ...(network === undefined ? {} : { network }),
      onDiskFull: () => this.#tellDiskFull(),
      ...(windows.guestArena === undefined ? {} : { arena: windows.guestArena }),
      ...(spec.memoryMib === undefined ? {} : { memoryMib: spec.memoryMib }),
    };
    const key = spec.snapshots ? await snapshotKey(driver, vmSpec) : undefined;
    const snapshot = key === undefined ? undefined : openSnapshot(key);
    const restored = snapshot === undefined ? undefined : await this.#restore(vmSpec, snapshot, windows);
    const link = restored ?? (await this.#boot(vmSpec, windows));
    await Promise.all([
      windows.opened,
      this.#openHome(link),
      this.#network === undefined ? undefined : link.openNetwork(),
    ]);
    this.#processes = new GuestProcesses(link, log, () => this.#events.activityChanged());
    if (snapshot !== undefined || key === undefined || isRefused(key)) return; // One that is there is good, or refused.
    log.entry("info", "a snapshot is taken in the background, for the next start");
    startSnapshot({
      ...spec,
      network: network !== undefined,
      ...(homeBytes === undefined ? {} : { dataDiskBytes: homeBytes }),
    });
  }

  /** How the machine came to run; undefined before the agent has answered. */
  get origin(): "cold" | "restored" | undefined {
    return this.#origin;
  }

  /** Processes can be started; undefined before the agent has answered. */
  get processes(): GuestProcesses | undefined {
    return this.#processes;
  }

  /** By what an app finds the token for its first window: one of ours that stands for the compositor's, good in here alone. */
  async startupEnvironment(hostToken: string | undefined): Promise<Record<string, string>> {
    const token = hostToken === undefined ? undefined : await this.#windows?.mintActivationToken(hostToken);
    // Launchers set both; older toolkits look for the second.
    return token === undefined ? {} : { XDG_ACTIVATION_TOKEN: token, DESKTOP_STARTUP_ID: token };
  }

  get windows(): number {
    return this.#windows?.count ?? 0;
  }

  /** The process that shows them; null when there is none. */
  get displayPid(): number | null {
    return this.#windows?.pid ?? null;
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
    if (this.#link === undefined || this.#processes === undefined || this.#paused) return null;
    return this.#link.rpc.call("memory", {}, { deadlineMs: GUEST_MEMORY_DEADLINE_MS }).catch(() => null);
  }

  /**
   * Has the guest let go of memory that it does not use, for the host; resolves to the bytes that were taken, 0 when the
   * guest cannot.
   */
  async shrink(): Promise<number> {
    const { elasticMemory, pid = 0 } = this.#machine ?? {};
    if (this.#link === undefined || this.#processes === undefined) return 0;
    const held = elasticMemory === undefined ? undefined : residentOf(pid, elasticMemory.bytes);
    if (held !== undefined && held < WORTH_SHRINKING_BYTES) return 0;
    const memory = await this.#link.rpc.call("dropCaches", {}, { deadlineMs: SHRINK_DEADLINE_MS });
    // Where the monitor takes back by itself what is free, that is all.
    return elasticMemory === undefined ? 0 : await shrink(elasticMemory, memory);
  }

  /** Stops its processors, until {@link resume}. Rejects with "unavailable" where the monitor cannot. */
  async pause(): Promise<void> {
    if (this.#machine?.pause === undefined)
      throw new VitrineError("unavailable", `Cannot pause a machine of driver "${this.#options.driver.name}"`);
    this.#paused = true;
    await this.#machine.pause();
  }

  /**
   * Has it go on, with its windows on the user's compositor and the focus for which that gave `hostToken`. Resolves when the
   * agent has answered and its clock is right.
   */
  async resume(hostToken: string | undefined): Promise<void> {
    if (this.#link === undefined) throw new VitrineError("internal", "Cannot resume a guest without an agent");
    // Nobody in the guest is needed for the windows' way to the compositor.
    await Promise.all([this.#windows?.moveToUser(hostToken), this.#machine?.resume?.()]);
    this.#paused = false;
    const { uptime } = await this.#link.setClock();
    await this.#windows?.setGuestUptime(uptime);
  }

  /** Calls `heard` now and then while apps say something to the display, until the function returned is called. */
  watchApps(heard: () => void): () => void {
    return this.#windows?.watchApps(heard) ?? (() => {});
  }

  /** Puts a policy in force for the windows, also for those that come; resolves to how many app connections it ended. */
  async setPolicy(policy: Policy): Promise<number> {
    return (await this.#windows?.setPolicy(policy)) ?? 0;
  }

  /** Shows the messages of apps to whoever is at the other end of `stream`, which is taken over. */
  trace(stream: ByteStream, options: TraceOptions): void {
    try {
      if (this.#windows === undefined)
        throw new VitrineError("unavailable", "Cannot trace: the sandbox has no windows yet");
      this.#windows.trace(stream, options);
    } catch (error) {
      new TraceStream(stream, () => {}).refuse(VitrineError.from(error).message);
    }
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
  async close(): Promise<void> {
    this.#closed = true;
    this.#network?.close();
    this.#link?.close();
    await this.#windows?.close();
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
    this.#windows = await openWindows(this.#options.spec, this.#options.policy, {
      changed: () => this.#events.activityChanged(),
      firstFrame: () => this.#events.reached("firstFrame", Date.now()),
      compositorLost: () => this.#events.compositorLost(),
      displayLost: (message) => this.#events.displayLost(message),
      trail: (client, lines) => this.#logTrail(client, lines),
      notice: (severity, message) => this.#events.notice(severity, message),
    });
    return this.#windows;
  }

  #logTrail(client: number, lines: readonly string[]): void {
    this.#options.log.entry("info", `the last messages of app connection ${client}:`);
    for (const line of lines) this.#options.log.line(`  ${line}`);
  }

  async #boot(vmSpec: VmSpec, windows: Windows): Promise<GuestLink> {
    const machine = await this.#options.driver.start(vmSpec);
    void machine.exited.then((exit) => this.#events.machineEnded(reasonOf(exit)));
    return await this.#join(machine, windows, "cold");
  }

  /** Undefined when nothing came of it: then it is as if it had not been tried. */
  async #restore(vmSpec: VmSpec, { key, directory }: StoredSnapshot, windows: Windows): Promise<GuestLink | undefined> {
    const { driver, log } = this.#options;
    try {
      const machine = await driver.snapshots?.restore(vmSpec, directory);
      return machine === undefined ? undefined : await this.#join(machine, windows, "restored");
    } catch (error) {
      if (this.#killed) throw error;
      log.entry("warning", `cannot start from the snapshot, booting: ${VitrineError.from(error).message}`);
      const machine = this.#machine;
      this.#machine = undefined;
      this.#link?.close();
      await machine?.kill();
      if (!isNoFaultOfMachine(error)) refuseSnapshot(key);
      return undefined;
    } finally {
      // Not before: a machine that ends now and is not to be replaced takes the sandbox with it.
      void this.#machine?.exited.then((exit) => this.#events.machineEnded(reasonOf(exit)));
    }
  }

  /** Waits for the agent in a machine that has just been started. */
  async #join(machine: RunningVm, windows: Windows, origin: "cold" | "restored"): Promise<GuestLink> {
    const { spec, log } = this.#options;
    this.#machine = machine;
    if (this.#killed) this.kill();
    this.#events.reached("vmm", Date.now());
    const walls = spec.confined ? "confined" : "unconfined";
    log.entry("info", `monitor ${machine.pid} runs (${machine.accelerator}, ${walls}, ${origin})`);
    void this.#limit(machine, windows);
    const link = new GuestLink(fdStream(await awaitBoot(machine, machine.channel, origin)), {
      exited: (process, end) => this.#processes?.ended(process, end),
      lost: (error) => {
        // A machine from a snapshot that says nothing is not the sandbox's last.
        if (origin === "cold" || this.#origin !== undefined)
          this.#events.agentLost(error?.message ?? "the link was closed");
      },
    });
    this.#link = link;
    const answer = link.hello({
      hostname: spec.name,
      machineId: randomBytes(16).toString("hex"),
      ...spec.session,
      pixels: windows.pixels,
      arenaBytes: windows.arenaBytes,
    });
    const { uptime, kernel } = await awaitBoot(machine, answer, origin);
    const now = Date.now();
    this.#origin = origin;
    // It gets the rest of its memory while it goes on.
    machine.elasticMemory?.request(machine.elasticMemory.bytes).catch(() => {}); // The machine has ended.
    windows.serve(await machine.takeDisplayChannel());
    void windows.opened.then(() => windows.setGuestUptime(uptime.now)).catch(() => {}); // Told to whoever waits for it.
    // What a restored machine knows of its kernel's start is of another one.
    if (origin === "cold") this.#events.reached("kernel", now - (uptime.now - uptime.init));
    this.#events.reached("agent", now);
    log.entry("info", `agent answers, kernel ${sanitizeText(kernel)}`);
    return link;
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
}
