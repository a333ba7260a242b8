/** Sandboxes of a test's own, with homes that no guest has written. */
import { afterEach, beforeEach } from "bun:test";
import { createHash } from "node:crypto";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { PACKAGES } from "../apps/commit.ts";
import { exportedFolder } from "../apps/exported-files.ts";
import { publishLayer } from "../apps/layers.ts";
import type { StoredImage } from "../image/stored-image.ts";
import { type AppSystem, lockConfig, type SandboxConfig } from "../sandbox/config.ts";
import { markUsed } from "../sandbox/home-disk.ts";
import { makeSandbox, requireHomeDisk } from "../sandbox/make.ts";
import { restoreBackup } from "./restore.ts";

export const HOME_BYTES = 256_000_000;

const ENTRY = "[Desktop Entry]\nType=Application\nName=Own\nExec=own %F\nMimeType=text/plain;text/csv;image/png;\n";

/** Folders for one test, and sandboxes in them. */
export class BackupRig implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "vitrine-backup-"));
  readonly environment: Record<string, string>;
  readonly #before = process.env.XDG_DATA_HOME;

  constructor() {
    const place = (name: string) => join(this.folder, name);
    this.environment = {
      XDG_RUNTIME_DIR: place("runtime"),
      XDG_STATE_HOME: place("state"),
      XDG_DATA_HOME: place("data"),
      XDG_CONFIG_HOME: place("config"),
    };
    for (const path of Object.values(this.environment)) mkdirSync(path);
    // The store is where this process has it.
    process.env.XDG_DATA_HOME = place("data");
  }

  [Symbol.dispose](): void {
    if (this.#before === undefined) delete process.env.XDG_DATA_HOME;
    else process.env.XDG_DATA_HOME = this.#before;
    rmSync(this.folder, { recursive: true });
  }

  get store(): string {
    return join(this.folder, "data/vitrine");
  }

  /** The file that backups are written to. */
  get file(): string {
    return join(this.folder, "letters.backup");
  }

  options(signal = new AbortController().signal) {
    return { signal, onProgress: () => {}, environment: this.environment };
  }

  /** Apps of a base and a layer that are in the store. */
  system(): AppSystem {
    const base = image("base");
    const baseFolder = join(this.store, `base-${base.digest.slice(0, 16)}`);
    mkdirSync(baseFolder, { recursive: true });
    writeFileSync(join(baseFolder, "base.erofs"), "base");
    const path = join(this.folder, "layer");
    writeFileSync(path, "layer");
    publishLayer({ ...image("layer"), path });
    const app = { version: "1", commands: [], entries: ["org.example.Own"] };
    return {
      kind: "apps",
      release: "trixie",
      base,
      layer: image("layer"),
      apps: [{ ...app, id: "own", name: "Own", source: { kind: "file", package: "own", file: "own-0123.deb" } }],
      recommends: false,
      archive: "",
      builtAt: 1,
    };
  }

  /** A sandbox whose home holds `parts`, at the offsets that they have. */
  make(name: string, parts: Readonly<Record<number, string>>, bytes = HOME_BYTES): void {
    const { environment } = this;
    using _lock = lockConfig(name, environment);
    const its = this.system();
    makeSandbox({ name, system: its, homeBytes: bytes }, environment, (directory) => {
      mkdirSync(join(directory, PACKAGES));
      writeFileSync(join(directory, PACKAGES, "own-0123.deb"), "a package");
      mkdirSync(exportedFolder(directory, its));
      writeFileSync(join(exportedFolder(directory, its), "org.example.Own.desktop"), ENTRY);
    });
    const { path } = requireHomeDisk(name, environment);
    const fd = openSync(path, "r+");
    for (const [offset, text] of Object.entries(parts)) writeSync(fd, text, Number(offset));
    closeSync(fd);
    markUsed(path);
  }

  homeDigest(name: string): string {
    return createHash("sha256")
      .update(readFileSync(requireHomeDisk(name, this.environment).path))
      .digest("hex");
  }

  restore(name = "letters", replace = false): Promise<SandboxConfig> {
    const { file, environment } = this;
    const build = () => Promise.reject(new Error("all is there"));
    return restoreBackup({ file, name, replace, environment, build }, this.options());
  }

  /** Everything that is there, as paths with sizes: what nothing may change that failed. */
  everything(): string[] {
    return readdirSync(this.store, { recursive: true })
      .map(String)
      .filter((path) => !path.endsWith(".lock") && !path.endsWith("verified"))
      .map((path) => `${path} ${statSync(join(this.store, path)).size}`)
      .sort();
  }
}

/** A rig for each test of a file. */
export function rigPerTest(): () => BackupRig {
  let rig: BackupRig;
  beforeEach(() => {
    rig = new BackupRig();
  });
  afterEach(() => rig[Symbol.dispose]());
  return () => rig;
}

export function image(text: string): StoredImage {
  return { digest: createHash("sha256").update(text).digest("hex"), bytes: text.length };
}

export async function failureOf(work: Promise<unknown>): Promise<VitrineError> {
  return VitrineError.from(
    await work.then(
      () => new Error("a failure is wanted"),
      (error: unknown) => error,
    ),
  );
}
