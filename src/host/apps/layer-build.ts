/** Makes an app layer: has a builder install packages over a base, and takes what came of it. */
import { createHash } from "node:crypto";
import { closeSync, createReadStream, fsyncSync, openSync, rmSync, truncateSync, writeSync } from "node:fs";
import { basename, join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { taint, type Untrusted } from "../../base/untrusted.ts";
import type { BuildProgress } from "../image/build-options.ts";
import type { Kernel } from "../image/kernel.ts";
import { checkSpace } from "../image/store.ts";
import type { StoredImage } from "../image/stored-image.ts";
import type { Driver } from "../vmm/driver.ts";
import { aptFailure } from "./apt-failure.ts";
import { LineReader, MAX_STATUS_LINE_CHARS, parseStatus } from "./apt-status.ts";
import { Builder, type StepStreams } from "./builder.ts";
import { type BuilderSources, PACKAGES_FOLDER } from "./builder-sources.ts";
import { companionsOf } from "./companions.ts";
import {
  type LayerPaths,
  MAX_STEP_OUTPUT_CHARS,
  parsePackageName,
  parsePaths,
  parsePlan,
  parseSize,
  parseUpgrades,
  parseVersions,
  type Upgrade,
} from "./layer-contents.ts";

/** Size of the disk that a builder works on, in bytes; what it does not use takes no room. */
export const BUILDER_DISK_BYTES = 32_000_000_000;
/** Bytes of a layer that are taken from a builder: more than any app has. */
export const MAX_LAYER_BYTES = 24_000_000_000;
/** Bytes of a desktop entry or an icon that are taken from a builder. */
export const MAX_EXPORT_BYTES = 1024 * 1024;
/** MiB that must be free for any builder. */
const LEAST_SPACE_MIB = 300;
/** Of a package, packed, to what it takes on the builder's disk and as a layer: a bound for the room that must be free. */
const UNPACKED_FACTOR = 6;
const KEPT_ERROR_CHARS = 64 * 1024;
const READ_BYTES = 64 * 1024;

/** What is installed: packages by name, or files of one package each. */
export interface LayerWishes {
  readonly packages: readonly string[];
  /** Absolute paths on the host; never read there, but as bytes. */
  readonly files: readonly string[];
  /** Also what packages only recommend. */
  readonly recommends: boolean;
}

export interface LayerBuildOptions {
  readonly driver: Driver;
  readonly confined: boolean;
  readonly kernel: Kernel;
  readonly toolsImage: string;
  /** Paths of the file systems to install over. */
  readonly images: readonly [base: string, ...layers: string[]];
  readonly sources: BuilderSources;
  /** An empty folder, of the caller. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: BuildProgress) => void;
}

export interface BuiltLayer extends StoredImage {
  /** In the caller's folder; on the disk. */
  readonly path: string;
  /** What the wishes were installed as, in their order: packages, then files. */
  readonly installed: readonly { readonly name: string; readonly version: string }[];
  /** What of interest each of these holds, in the same order. */
  readonly owned: readonly LayerPaths[];
  /** All of that in the layer. */
  readonly added: LayerPaths;
  /** Desktop entries by name, and icons by name and size, of what was asked for by `wanted`. */
  readonly entries: ReadonlyMap<string, Untrusted<Uint8Array>>;
  readonly icons: ReadonlyMap<string, readonly Untrusted<Uint8Array>[]>;
}

/** Boots a builder for `work`, and ends it whatever comes of that; a cancellation ends it at once. */
export async function withBuilder<T>(
  options: LayerBuildOptions,
  work: (steps: BuilderSteps) => Promise<T>,
): Promise<T> {
  const { folder, sources, signal, onProgress } = options;
  const disk = join(folder, "disk.raw");
  checkSpace(LEAST_SPACE_MIB);
  closeSync(openSync(disk, "wx", 0o600));
  truncateSync(disk, BUILDER_DISK_BYTES);
  onProgress({ stage: "starting the builder" });
  // What ends it before its time: a cancellation, or a full disk. The first one counts.
  let failure: VitrineError | undefined;
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => {});
  const end = (error: VitrineError) => {
    failure ??= error;
    ended.reject(failure);
  };
  const cancel = () => end(new VitrineError("cancelled", "Nothing was changed: cancelled"));
  if (signal.aborted) cancel();
  signal.addEventListener("abort", cancel, { once: true });
  const starting = Builder.start({
    ...options,
    disk,
    network: sources.network,
    onNotice: (message) => onProgress({ stage: message }),
    onDiskFull: () => end(diskFull()),
  });
  starting.catch(() => {});
  try {
    const builder = await Promise.race([starting, ended.promise]);
    return await Promise.race([work(new BuilderSteps(builder, options)), ended.promise]);
  } catch (error) {
    throw failure ?? error;
  } finally {
    signal.removeEventListener("abort", cancel);
    await starting.then((builder) => builder.close()).catch(() => {});
    rmSync(disk);
  }
}

function diskFull(): VitrineError {
  return new VitrineError("no-space", "Cannot go on installing: the disk is full", {
    fix: "free disk space, or set XDG_DATA_HOME to a place that has some",
  });
}

/** The steps of guest/boot/build-layer, with their answers checked. */
export class BuilderSteps {
  readonly #builder: Builder;
  readonly #options: LayerBuildOptions;

  constructor(builder: Builder, options: LayerBuildOptions) {
    this.#builder = builder;
    this.#options = options;
  }

  /** Makes everything ready, and reads the archive's index. `recommends`: see {@link LayerWishes}. */
  async prepare(recommends: boolean): Promise<void> {
    const { sources } = this.#options;
    const options = [...sources.options, ...(recommends ? ["APT::Install-Recommends=true"] : [])];
    await this.#text(["prepare", ...options], "prepare the builder", [encode(`${sources.lines.join("\n")}\n`)]);
    for (const [name, keyring] of sources.keyrings) await this.#put(name, [keyring]);
    await this.#working(["update"], "read the archive's index", "reading the archive's index", 0);
  }

  /** Installs, and packs what that added to a file in the folder. `entriesOf` chooses the desktop entries that are taken out. */
  async build(
    wishes: LayerWishes,
    entriesOf: (owned: readonly LayerPaths[], added: LayerPaths) => readonly string[],
    iconOf: (entry: Untrusted<Uint8Array>) => string | undefined,
  ): Promise<BuiltLayer> {
    const files: { word: string; name: string }[] = [];
    for (const file of wishes.files) files.push(await this.#bring(file));
    const words = [...wishes.packages, ...files.map(({ word }) => word)];
    await this.#install(words);
    const names = [...wishes.packages, ...files.map(({ name }) => name)];
    const installed = parseVersions(await this.#text(["versions", ...names], "list what was installed"));
    const owned: LayerPaths[] = [];
    for (const name of names) owned.push(parsePaths(await this.#text(["owned", name], "list what was installed")));
    const added = parsePaths(await this.#text(["added"], "list what was installed"));
    const [entries, icons] = [new Map<string, Untrusted<Uint8Array>>(), new Map<string, Untrusted<Uint8Array>[]>()];
    for (const entry of entriesOf(owned, added)) {
      const data = await this.#read(`/usr/share/applications/${entry}.desktop`);
      entries.set(entry, data);
      const icon = iconOf(data);
      const pictures = added.icons.filter(({ name }) => name === icon);
      const taken: Untrusted<Uint8Array>[] = [];
      for (const { path } of pictures) taken.push(await this.#read(path));
      icons.set(entry, taken);
    }
    const image = await this.#pack();
    return {
      ...image,
      installed: names.map((name) => installed.find((one) => one.name === name) ?? { name, version: "" }),
      owned,
      added,
      entries,
      icons,
    };
  }

  /** What is newer in the archive than in the images. */
  async upgrades(): Promise<Upgrade[]> {
    return parseUpgrades(await this.#text(["upgrades"], "compare with the archive"));
  }

  async #install(words: readonly string[]): Promise<void> {
    const { onProgress } = this.#options;
    onProgress({ stage: "choosing packages" });
    const wanted = parsePlan(await this.#text(["plan", ...words], "install"));
    const companions = companionsOf(wanted.packages);
    const all = [...words, ...companions];
    const plan = companions.length === 0 ? wanted : parsePlan(await this.#text(["plan", ...all], "install"));
    checkSpace(Math.ceil((plan.bytes * UNPACKED_FACTOR) / 2 ** 20));
    const what = `${plan.packages.length} ${plan.packages.length === 1 ? "package" : "packages"}, ${Math.ceil(plan.bytes / 1e6)} MB`;
    await this.#working(["install", ...all], "install", `fetching ${what}`, plan.bytes);
  }

  /** A file of the user's, as bytes. Returns the word by which apt installs it, and which package it is. */
  async #bring(file: string): Promise<{ word: string; name: string }> {
    const name = basename(file).replace(/[^A-Za-z0-9.+~_-]/g, "_");
    await this.#put(name, createReadStream(file, { highWaterMark: READ_BYTES }));
    const what = `install "${basename(file)}"`;
    return { word: `${PACKAGES_FOLDER}/${name}`, name: parsePackageName(await this.#text(["name", name], what)) };
  }

  async #put(name: string, input: NonNullable<StepStreams["input"]>): Promise<void> {
    await this.#text(["put", name], "bring files to the builder", input);
  }

  /** A step of which apt says how far it is. */
  async #working(words: readonly string[], what: string, fetching: string, bytes: number): Promise<void> {
    const said = new Said();
    const report = (line: string) => {
      const status = parseStatus(taint(line));
      if (status === undefined) return;
      const { kind, fraction, text } = status;
      const done =
        bytes > 0 ? { detail: `${Math.round((fraction * bytes) / 1e6)} of ${Math.round(bytes / 1e6)} MB` } : {};
      if (kind === "fetching") this.#options.onProgress({ stage: fetching, fraction, ...done });
      else if (kind === "installing") this.#options.onProgress({ stage: "installing", fraction });
      else said.take(encode(`E: ${text}\n`));
    };
    const lines = new LineReader(report, MAX_STATUS_LINE_CHARS);
    this.#options.onProgress({ stage: fetching });
    const status = await this.#builder.run(words, { output: lines.take, errors: said.take });
    if (status !== 0) throw aptFailure(what, said.text);
  }

  /** A step whose output we read. */
  async #text(
    words: readonly string[],
    what: string,
    input?: NonNullable<StepStreams["input"]>,
  ): Promise<Untrusted<string>> {
    const said = new Said();
    const decoder = new TextDecoder();
    let text = "";
    const status = await this.#builder.run(words, {
      ...(input === undefined ? {} : { input }),
      output: (chunk) => {
        if (text.length < MAX_STEP_OUTPUT_CHARS) text += decoder.decode(chunk, { stream: true });
      },
      errors: said.take,
    });
    if (status !== 0) throw aptFailure(what, said.text);
    return taint(text);
  }

  async #read(path: string): Promise<Untrusted<Uint8Array>> {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    const output = (chunk: Uint8Array) => {
      bytes += chunk.length;
      if (bytes <= MAX_EXPORT_BYTES) chunks.push(chunk.slice());
    };
    await this.#builder.run(["read", path], { output });
    return taint(new Uint8Array(bytes > MAX_EXPORT_BYTES ? [] : Buffer.concat(chunks)));
  }

  /** Takes the layer as bytes, to a file that is on the disk when this resolves. */
  async #pack(): Promise<StoredImage & { path: string }> {
    const { folder, onProgress } = this.#options;
    onProgress({ stage: "packing" });
    const size = parseSize(await this.#text(["pack"], "pack what was installed"));
    const path = join(folder, "layer.erofs");
    const file = openSync(path, "wx", 0o600);
    const hash = createHash("sha256");
    let bytes = 0;
    let failure: unknown;
    try {
      const output = (chunk: Uint8Array) => {
        if (failure !== undefined || bytes + chunk.length > MAX_LAYER_BYTES) return;
        try {
          writeSync(file, chunk);
        } catch (error) {
          failure = error;
        }
        hash.update(chunk);
        bytes += chunk.length;
        if (size > 0) onProgress({ stage: "taking the layer", fraction: Math.min(1, bytes / size) });
      };
      const status = await this.#builder.run(["layer"], { output });
      if (failure !== undefined) throw failure;
      if (status !== 0 || bytes !== size || bytes === 0) {
        throw new VitrineError("guest-failed", `Cannot take the layer: ${bytes} bytes came, ${size} wanted`);
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    return { path, bytes, digest: hash.digest("hex") };
  }
}

/** The end of what a step wrote to its standard error. */
class Said {
  readonly #decoder = new TextDecoder();
  text = "";

  readonly take = (chunk: Uint8Array): void => {
    this.text = (this.text + this.#decoder.decode(chunk, { stream: true })).slice(-KEPT_ERROR_CHARS);
  };
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
