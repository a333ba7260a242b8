/** Sandboxes for the tests of snapshots: what is built is shared with everyone else, snapshots are not. */
import { expect } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { ownEnvironment, vitrine } from "../../src/cli/test-support.ts";
import { eventually } from "../support/deadline.ts";
import { alive } from "../support/processes.ts";
import { endSnapshotTakers, snapshotTakers } from "../support/snapshot-takers.ts";

/** The packages of the demo, so that all share one image. */
export const PACKAGES = "adwaita-icon-theme,fonts-dejavu-core,foot,gnome-calculator";
export const IMAGE = "vitrine-test";
/** In milliseconds; a build, if it must be, takes minutes. */
export const BUILD_DEADLINE_MS = 900_000;
/** For a few boots under emulation beside others. */
export const DEADLINE_MS = 400_000;
export const SNAPSHOT_DEADLINE_MS = 300_000;

interface Listed {
  readonly name: string;
  readonly supervisorPid: number;
  readonly monitorPid: number;
  readonly ownMemory: number;
}

export class SnapshotSession {
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
  /** Where everything is kept that these sandboxes are made of. */
  readonly store: string;
  readonly #dataHome: string;

  private constructor(folder: string, environment: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.#dataHome = join(folder, "data");
    this.store = join(this.#dataHome, "vitrine");
    this.environment = { ...environment, XDG_DATA_HOME: this.#dataHome };
  }

  /** Builds the image, unless that is done. */
  static async start(): Promise<SnapshotSession> {
    const folder = mkdtempSync(join(tmpdir(), "vitrine-vm-"));
    const shared = process.env.XDG_DATA_HOME ?? join(homedir(), ".local/share");
    const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
    const environment = { ...ownEnvironment(folder), XDG_DATA_HOME: shared, XDG_CACHE_HOME: cache };
    const build = ["image", "build", IMAGE, "--packages", PACKAGES, "--no-snapshot"];
    const { status, errors } = await vitrine(build, environment);
    expect({ status, errors: status === 0 ? "" : errors }).toEqual({ status: 0, errors: "" });
    const session = new SnapshotSession(folder, environment);
    mkdirSync(session.store, { recursive: true });
    for (const entry of readdirSync(join(shared, "vitrine"))) {
      if (/^(image|kernel|tools|arena|packages)-[0-9a-f]+$/.test(entry))
        symlinkSync(join(shared, "vitrine", entry), join(session.store, entry));
    }
    cpSync(join(shared, "vitrine/images"), join(session.store, "images"), { recursive: true });
    return session;
  }

  async stop(): Promise<void> {
    await this.run("stop", "--all", "--force");
    await endSnapshotTakers(this.#dataHome, DEADLINE_MS);
    rmSync(this.folder, { recursive: true });
  }

  run(...words: string[]) {
    return vitrine(words, this.environment);
  }

  async log(sandbox: string): Promise<string> {
    return (await this.run("logs", sandbox)).out.toString();
  }

  /** Starts a sandbox that goes on; returns how that happened. */
  async start(sandbox: string, ...options: string[]): Promise<string> {
    const words = ["--image", IMAGE, "--name", sandbox, "--no-display", "--timings", "--json", ...options];
    const { status, errors, out } = await this.run("run", ...words, "--", "sleep", "100000");
    expect({ status, errors: status === 0 ? "" : errors }).toEqual({ status: 0, errors: "" });
    return JSON.parse(out.toString()).start;
  }

  async exec(sandbox: string, script: string): Promise<string> {
    const { status, out, errors } = await this.run("exec", "--user", "root", sandbox, "--", "sh", "-c", script);
    expect({ status, errors }).toEqual({ status: 0, errors: "" });
    return out.toString().trim();
  }

  async listed(sandbox: string): Promise<Listed> {
    const all: Listed[] = JSON.parse((await this.run("list", "--json")).out.toString());
    const found = all.find((entry) => entry.name === sandbox);
    if (found === undefined) throw new Error(`sandbox "${sandbox}" does not run`);
    return found;
  }

  /** Names of the snapshots that can be seen. */
  snapshots(): string[] {
    return readdirSync(this.store).filter((name) => /^snapshot-[0-9a-f]+$/.test(name));
  }

  /** The folder of the one snapshot, when there is one. */
  async snapshot(): Promise<string> {
    const name = await eventually("waiting for the snapshot", SNAPSHOT_DEADLINE_MS, () => this.snapshots()[0]);
    return join(this.store, name);
  }

  unfinished(): string[] {
    return readdirSync(this.store).filter((name) => name.endsWith(".building"));
  }

  /** Processes that take a snapshot for these sandboxes. */
  snapshotTakers(): number[] {
    return snapshotTakers(this.#dataHome);
  }
}

/** Waits until processes are over, be it that their parent has not asked yet. */
export async function over(pids: readonly number[]): Promise<void> {
  await eventually("waiting for processes to end", DEADLINE_MS, () => !pids.some(alive) || undefined);
}
