/**
 * An archive of Debian's form: its signed release file, by it the DEP-11 components, the packages and the icons of each
 * component ("main", "contrib", ...). Nothing is parsed before its digest was compared, and nothing is compared with a
 * release file that is not signed, current, and at least as new as the last one. Specification: Debian Repository Format.
 */
import { VitrineError } from "../../base/error.ts";
import type { Component } from "./component.ts";
import { unpack } from "./decompress.ts";
import { parseDep11 } from "./dep11.ts";
import { Drops } from "./drops.ts";
import type { FileStore } from "./file-store.ts";
import { HeldRelease } from "./held-release.ts";
import { httpGet } from "./http.ts";
import type { IconArchive } from "./index-format.ts";
import type { SourceContent } from "./index-writer.ts";
import { type PackageEntry, parsePackages } from "./packages-file.ts";
import { checkRelease, type ListedFile, parseRelease, type Release } from "./release-file.ts";
import type { CatalogSource, PreparedSource, SourceContext } from "./source.ts";
import { MAX_SIGNED_BYTES, readSigned } from "./verify-signature.ts";

/** Bytes of one unpacked index: Debian 13's packages are 57 MB, its components 24 MB. */
export const MAX_INDEX_BYTES = 512 * 1024 * 1024;

/** Packings of an index, the smallest first. */
const PACKINGS = [".xz", ".gz", ""] as const;
/** Sizes of icons that are kept, in pixels. */
const ICON_SIZES = [64, 128] as const;

export interface DebianSourceOptions {
  /** Unique among the sources. */
  readonly name: string;
  /** Address of the archive, without "/dists". */
  readonly archive: string;
  readonly suite: string;
  readonly components: readonly string[];
  readonly architecture: string;
  /** File of the keys that may sign. */
  readonly keyring: string;
}

interface Wanted {
  readonly kind: "components" | "packages" | "icons";
  readonly iconSize: number;
  readonly file: ListedFile;
  /** Bytes that it unpacks to, when the release says so. */
  readonly unpacked: number;
}

export class DebianSource implements CatalogSource {
  readonly name: string;
  readonly #options: DebianSourceOptions;
  readonly #base: string;

  constructor(options: DebianSourceOptions) {
    this.#options = options;
    this.name = options.name;
    this.#base = `${options.archive.replace(/\/+$/, "")}/dists/${options.suite}`;
  }

  async prepare(context: SourceContext): Promise<PreparedSource> {
    const held = new HeldRelease(context.releases, this.name);
    context.onStage(`asking for ${this.#options.suite}`);
    await this.#getRelease(held, context);
    const address = `${this.#base}/InRelease`;
    const { keyring, suite } = this.#options;
    const signed = await held.withFile((file) => readSigned(file, keyring, address));
    const release = parseRelease(signed, address);
    checkRelease(release, { address, suite, heldDate: held.date, now: Date.now() });
    const wanted = this.#options.components.flatMap((component) => this.#wantedOf(release, component, address));
    await this.#fetchAll(wanted, release, context);
    return {
      fingerprint: wanted.map(({ file }) => file.sha256).join(" "),
      files: wanted.map(({ file }) => file.sha256),
      open: () => this.#open(wanted, release, context.store),
      commit: () => held.commit(release.date),
    };
  }

  /** Makes the release file that the archive has now the candidate; the one held when that is still it. */
  async #getRelease(held: HeldRelease, { signal }: SourceContext): Promise<void> {
    const answer = await httpGet({ address: `${this.#base}/InRelease`, headers: held.conditions, signal });
    if (answer.status === 304) return;
    const chunks: Uint8Array[] = [];
    for await (const chunk of answer.chunks(MAX_SIGNED_BYTES)) chunks.push(chunk);
    held.propose(Buffer.concat(chunks), answer.headers);
  }

  #wantedOf(release: Release, component: string, address: string): Wanted[] {
    const { architecture } = this.#options;
    // Archives of security updates call their components "updates/main" there, and have them at "main" all the same.
    if (!release.components.some((name) => name === component || name.endsWith(`/${component}`))) {
      throw new VitrineError(
        "not-found",
        `Cannot use component "${component}" of "${address}": it has none of that name`,
        {
          fix: `one of: ${release.components.join(", ")}`,
        },
      );
    }
    const index = (kind: Wanted["kind"], path: string, packings: readonly string[], iconSize = 0): Wanted[] => {
      for (const packing of packings) {
        const file = release.files.get(`${component}/${path}${packing}`);
        if (file === undefined) continue;
        const unpacked = release.files.get(`${component}/${path}`)?.size ?? MAX_INDEX_BYTES;
        return [{ kind, iconSize, file, unpacked: Math.min(unpacked, MAX_INDEX_BYTES) }];
      }
      return [];
    };
    const wanted = [
      // Suites of updates have no components of their own.
      ...index("components", `dep11/Components-${architecture}.yml`, PACKINGS),
      ...index("packages", `binary-${architecture}/Packages`, PACKINGS),
      ...ICON_SIZES.flatMap((size) => index("icons", `dep11/icons-${size}x${size}.tar`, [".gz"], size)),
    ];
    if (wanted.some(({ kind }) => kind === "packages")) return wanted;
    throw new VitrineError(
      "not-found",
      `Cannot use "${address}": it lists no packages of "${component}" for ${architecture}`,
    );
  }

  async #fetchAll(wanted: readonly Wanted[], release: Release, context: SourceContext): Promise<void> {
    const missing = wanted.filter(({ file }) => !context.store.has(file));
    const total = missing.reduce((sum, { file }) => sum + file.size, 0);
    let come = 0;
    for (const { file } of missing) {
      const stage = `downloading ${file.path}`;
      context.onStage(stage, come / total);
      const folder = file.path.slice(0, file.path.lastIndexOf("/"));
      const byHash = `${this.#base}/${folder}/by-hash/SHA256/${file.sha256}`;
      const byName = `${this.#base}/${file.path}`;
      await context.store.fetch(file, release.byHash ? [byHash, byName] : [byName], {
        signal: context.signal,
        onBytes: (count) => {
          come += count;
          context.onStage(stage, Math.min(1, come / total));
        },
      });
    }
  }

  async #open(wanted: readonly Wanted[], release: Release, store: FileStore): Promise<SourceContent> {
    const drops = new Drops();
    const texts = async (kind: Wanted["kind"]): Promise<string[]> => {
      const found: string[] = [];
      for (const { file, unpacked } of wanted.filter((entry) => entry.kind === kind)) {
        const data = await store.read(file.sha256);
        found.push((await unpack(file.path, data, unpacked)).toString());
      }
      return found;
    };
    const [components, packages] = [await texts("components"), await texts("packages")];
    return {
      name: this.name,
      date: release.date,
      drops,
      components: concat(components, (text): Iterable<Component> => parseDep11(text, drops)),
      packages: concat(packages, (text): Iterable<PackageEntry> => parsePackages(text, drops)),
      icons: wanted.flatMap(({ kind, iconSize, file }): IconArchive[] =>
        kind === "icons" ? [{ size: iconSize, scale: 1, sha256: file.sha256 }] : [],
      ),
    };
  }
}

function* concat<T>(texts: readonly string[], parse: (text: string) => Iterable<T>): Generator<T> {
  for (const text of texts) yield* parse(text);
}
