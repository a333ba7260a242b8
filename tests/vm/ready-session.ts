/** A desktop, an image, and trials of its programs: one after the other, or at once. */

import { expect } from "bun:test";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { ownEnvironment, startVitrine, vitrine } from "../../src/cli/test-support.ts";
import { readyLogPath } from "../../src/host/sandbox/directories.ts";
import { Compositor } from "../support/compositor.ts";
import { eventually } from "../support/deadline.ts";
import { NativeRoot } from "../support/native-root.ts";
import { collect } from "../support/processes.ts";
import type { SwayNode } from "../support/sway.ts";
import { IMAGE, PACKAGES } from "./snapshot-session.ts";

export const [WIDTH, HEIGHT] = [1280, 800];
/** In milliseconds: for a start under emulation beside others, and for a machine that becomes ready. */
/** The part of the host's memory that is available unless a test wants it to be short. */
export const PLENTY = 0.8;
const WINDOW_DEADLINE_MS = 180_000;
const READY_DEADLINE_MS = 300_000;

/** As `vitrine list --json` tells it. */
export interface ListedTrial {
  readonly name: string;
  readonly state: string;
  readonly supervisorPid: number;
  readonly monitorPid: number;
  readonly displayPid: number;
  readonly ownMemory: number;
}

/** A trial that runs. */
export interface Trial {
  readonly child: ChildProcess;
  /** Its exit status, and what it has printed. */
  readonly ended: Promise<{ status: number | null; out: Buffer }>;
}

export class ReadySession {
  readonly compositor: Compositor;
  readonly native: NativeRoot;
  readonly environment: Readonly<Record<string, string>>;
  readonly #folder: string;

  private constructor(compositor: Compositor, native: NativeRoot, folder: string, environment: Record<string, string>) {
    this.compositor = compositor;
    this.native = native;
    this.#folder = folder;
    const own = { WAYLAND_DISPLAY: compositor.socketPath, VITRINE_MEMINFO: join(folder, "meminfo") };
    this.environment = { ...environment, ...own };
    this.setAvailableMemory(PLENTY);
  }

  /** Builds the image, unless that is done, with its snapshot. */
  static async start(): Promise<ReadySession> {
    const folder = mkdtempSync(join(tmpdir(), "vitrine-vm-"));
    const data = process.env.XDG_DATA_HOME ?? join(homedir(), ".local/share");
    const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
    const environment = { ...ownEnvironment(folder), XDG_DATA_HOME: data, XDG_CACHE_HOME: cache };
    const { status, errors } = await vitrine(["image", "build", IMAGE, "--packages", PACKAGES], environment);
    expect({ status, errors: status === 0 ? "" : errors }).toEqual({ status: 0, errors: "" });
    const native = await NativeRoot.unpack(data, IMAGE);
    const compositor = await Compositor.start({
      width: WIDTH,
      height: HEIGHT,
      swayConfig: "seat seat0 hide_cursor 1",
    });
    return new ReadySession(compositor, native, folder, environment);
  }

  async stop(): Promise<void> {
    await this.run("stop", "--all", "--force");
    await this.compositor.stop();
    this.native[Symbol.dispose]();
    rmSync(this.#folder, { recursive: true });
  }

  /** Which part of the host's memory is available, as its supervisors see it. */
  setAvailableMemory(fraction: number): void {
    const path = this.environment.VITRINE_MEMINFO ?? "";
    const kib = (bytes: number) => `${Math.round(bytes / 1024)} kB`;
    writeFileSync(`${path}.new`, `MemTotal: ${kib(totalmem())}\nMemAvailable: ${kib(totalmem() * fraction)}\n`);
    renameSync(`${path}.new`, path);
  }

  /** What has become of ready machines so far. */
  readyLog(): string {
    return readFileSync(readyLogPath(this.environment), "utf8");
  }

  run(...words: string[]) {
    return vitrine(words, this.environment);
  }

  /** Tries a program of the image. */
  try(words: readonly string[], options: readonly string[] = []): Trial {
    const child = startVitrine(["try", ...options, IMAGE, "--", ...words], this.environment);
    child.stdin?.end();
    return { child, ended: collect(child) };
  }

  /** The only window on the screen. */
  window(): Promise<SwayNode> {
    return this.windows(1).then(([window]) => window as SwayNode);
  }

  windows(count: number): Promise<readonly SwayNode[]> {
    return this.compositor.sway.waitFor(
      `${count} windows`,
      (windows) => (windows.length === count ? windows : undefined),
      WINDOW_DEADLINE_MS,
    );
  }

  async list(): Promise<ListedTrial[]> {
    return JSON.parse((await this.run("list", "--json", "--running")).out.toString());
  }

  /** The one machine that is ready, as soon as there is one. */
  ready(): Promise<ListedTrial> {
    return eventually("waiting for a ready machine", READY_DEADLINE_MS, async () =>
      (await this.list()).find(({ state }) => state === "ready"),
    );
  }

  /** Waits until no sandbox runs, and none is ready. */
  async nothingRuns(): Promise<void> {
    await eventually("waiting for the end of all sandboxes", READY_DEADLINE_MS, async () =>
      (await this.list()).length === 0 ? true : undefined,
    );
  }
}
