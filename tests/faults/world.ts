/** A place of their own for sandboxes that lose processes: what runs there can be told from everything else, and so what is left. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { ownDataHome, ownEnvironment, VITRINE } from "../../src/cli/test-support.ts";
import { Compositor } from "../support/compositor.ts";
import { eventually } from "../support/deadline.ts";
import { readOr } from "../support/processes.ts";
import { commandLine, endSnapshotTakers, snapshotTakers } from "../support/snapshot-takers.ts";
import type { SwayNode } from "../support/sway.ts";
import { OwnProcesses } from "./own-processes.ts";

/** The packages of the demo, so that all tests share one image. */
const PACKAGES = "adwaita-icon-theme,fonts-dejavu-core,foot,gnome-calculator";
export const IMAGE = "vitrine-test";
export const SANDBOX = "fault";
const DISK = "64M";
/** Of each log that is shown when something was found. */
const LOG_LINES = 30;
/** A command that takes longer hangs, in milliseconds: the longest that are right start under emulation beside others. */
const COMMAND_DEADLINE_MS = 180_000;
const BUILD_DEADLINE_MS = 900_000;
const SNAPSHOT_DEADLINE_MS = 120_000;
/** How long processes may take to go when everything has been stopped, in milliseconds. */
const LEFTOVERS_DEADLINE_MS = 15_000;
/** Of an app that could not be made ready: it is not tried again for some time. */
const REFUSAL = /^REFUSED-/;

export interface Outcome {
  /** Null: it was killed. */
  readonly status: number | null;
  readonly out: string;
  readonly errors: string;
}

/** A command that runs. `lines`: what it has printed so far. */
export interface Command {
  readonly child: ChildProcess;
  readonly lines: readonly string[];
  /** Rejects when it takes too long. */
  readonly ended: Promise<Outcome>;
}

export class World {
  readonly folder: string;
  /** Of all commands. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #dataHome: string;
  readonly #compositor: Compositor;
  /** Names of the snapshots of the sandbox, as it has them when nobody is killed. */
  #snapshots: readonly string[] = [];
  readonly #processes: OwnProcesses;

  private constructor(compositor: Compositor, folder: string, environment: Record<string, string>, dataHome: string) {
    this.folder = folder;
    this.environment = { ...environment, XDG_DATA_HOME: dataHome, WAYLAND_DISPLAY: compositor.socketPath };
    this.#dataHome = dataHome;
    this.#compositor = compositor;
    this.#processes = new OwnProcesses(basename(folder));
  }

  /** Builds the image, unless that is done, starts a desktop, and makes the sandbox. */
  static async open(): Promise<World> {
    const folder = mkdtempSync(join(tmpdir(), "vitrine-faults-"));
    mkdirSync(join(folder, "tmp"));
    const shared = process.env.XDG_DATA_HOME ?? join(homedir(), ".local/share");
    const cache = { XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache") };
    const environment = { ...ownEnvironment(folder), ...cache, TMPDIR: join(folder, "tmp") };
    const compositor = await Compositor.start();
    const builder = new World(compositor, folder, environment, shared);
    const build = ["image", "build", IMAGE, "--packages", PACKAGES, "--no-snapshot"];
    await builder.succeed(build, BUILD_DEADLINE_MS);
    const dataHome = await ownDataHome(folder);
    const world = new World(compositor, folder, environment, dataHome);
    await world.succeed(["create", SANDBOX, "--image", IMAGE, "--disk", DISK]);
    return world;
  }

  start(words: readonly string[], deadlineMs = COMMAND_DEADLINE_MS): Command {
    const [command, ...args] = VITRINE;
    const child = spawn(command, [...args, ...words], { env: this.environment, stdio: ["ignore", "pipe", "pipe"] });
    const lines: string[] = [];
    let [out, errors] = ["", ""];
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      out += text;
      lines.splice(0, lines.length, ...out.split("\n").slice(0, -1));
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      errors += text;
    });
    const ended = new Promise<Outcome>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`"${words.join(" ")}" hangs: ${errors}`)), deadlineMs);
      child.once("close", (status) => {
        clearTimeout(timer);
        resolve({ status, out, errors });
      });
    });
    ended.catch(() => {});
    return { child, lines, ended };
  }

  run(words: readonly string[], deadlineMs?: number): Promise<Outcome> {
    return this.start(words, deadlineMs).ended;
  }

  /** Runs a command that must succeed; returns what it printed. */
  async succeed(words: readonly string[], deadlineMs?: number): Promise<string> {
    const { status, out, errors } = await this.run(words, deadlineMs);
    if (status === 0) return out;
    throw new Error(`"${words.join(" ")}" ended with ${status}: ${errors.trim()}`);
  }

  /** How long a command takes that must succeed, in milliseconds. */
  async timed(words: readonly string[]): Promise<number> {
    const began = performance.now();
    await this.succeed(words);
    return performance.now() - began;
  }

  /** What is on the screen. */
  windows(): Promise<readonly SwayNode[]> {
    return this.#compositor.sway.windows();
  }

  windowThat(matches: (window: SwayNode) => boolean, deadlineMs: number): Promise<SwayNode> {
    return this.#compositor.sway.waitForWindow(matches, deadlineMs);
  }

  /** The supervisors of all that runs, those of trials too. */
  supervisors(): number[] {
    return this.#processes.named().filter((pid) => commandLine(pid).includes("supervisor-main.ts"));
  }

  /** From now on all that runs belongs here, whatever becomes of who has started it. */
  remember(): void {
    for (const pid of [...this.supervisors(), ...this.snapshotTakers()]) this.family(pid);
  }

  snapshotTakers(): number[] {
    return snapshotTakers(this.#dataHome);
  }

  /** The snapshots that there are now are those of the sandbox. */
  rememberSnapshots(): void {
    this.#snapshots = this.#store().filter((name) => /^snapshot-[0-9a-f]+$/.test(name));
  }

  hasSnapshot(): boolean {
    return this.#snapshots.every((name) => this.#store().includes(name));
  }

  /** Those of trials stay. */
  removeSnapshots(): void {
    for (const name of this.#snapshots) {
      rmSync(join(this.#dataHome, "vitrine", name), { recursive: true, force: true });
    }
  }

  /** Has apps made ready again that could not be. */
  forgetRefusals(): void {
    const running = join(this.folder, "vitrine");
    for (const name of readdirSync(running)) if (REFUSAL.test(name)) rmSync(join(running, name));
  }

  /** Waits until no snapshot is being taken. */
  async snapshotsTaken(): Promise<void> {
    const done = () => this.snapshotTakers().length === 0 || undefined;
    await eventually("waiting for a snapshot", SNAPSHOT_DEADLINE_MS, done);
  }

  /** A process and all that it has started, remembered as belonging here. */
  family(pid: number): number[] {
    return this.#processes.family(pid);
  }

  /** What is still there, when everything has been stopped: empty, or else in words. */
  async leftovers(): Promise<string[]> {
    let found: string[] = [];
    const look = async () => {
      const windows = (await this.windows()).map(({ app_id }) => `window: ${app_id}`);
      found = [...this.#processes.left(), ...this.#filesLeft(), ...windows];
      return found.length === 0 ? true : undefined;
    };
    await eventually("waiting for processes to go", LEFTOVERS_DEADLINE_MS, look).catch(() => {});
    return found;
  }

  /** Ends everything, however it is. */
  async clear(): Promise<void> {
    await this.run(["stop", "--all", "--force"]).catch(() => {});
    this.#processes.kill();
    this.forgetRefusals();
    for (const name of readdirSync(join(this.folder, "tmp")))
      rmSync(join(this.folder, "tmp", name), { recursive: true });
  }

  async close(): Promise<void> {
    await this.run(["stop", "--all", "--force"]).catch(() => {});
    await endSnapshotTakers(this.#dataHome, LEFTOVERS_DEADLINE_MS).catch(() => {});
    await this.clear();
    await this.#compositor.stop();
    rmSync(this.folder, { recursive: true });
  }

  log(): string {
    const log = (name: string) => readOr(join(this.#logs, `${name}.log`), "");
    return [...log(SANDBOX).split("\n").slice(-LOG_LINES), ...log("READY").split("\n").slice(-LOG_LINES)].join("\n");
  }

  get #logs(): string {
    return join(this.folder, "state/vitrine/logs");
  }

  #filesLeft(): string[] {
    const building = this.#store().filter((name) => name.endsWith(".building") || name.endsWith(".old"));
    const running = readdirSync(join(this.folder, "vitrine")).filter((name) => !REFUSAL.test(name));
    const temporary = readdirSync(join(this.folder, "tmp"));
    const logs = readdirSync(this.#logs).filter((name) => /^try-/.test(name));
    return [
      ...logs.map((name) => `log of a trial: ${name}`),
      ...building.map((name) => `store: ${name}`),
      ...running.map((name) => `runtime folder: ${name}`),
      ...temporary.map((name) => `temporary folder: ${name}`),
    ];
  }

  #store(): string[] {
    return readdirSync(join(this.#dataHome, "vitrine"));
  }
}
