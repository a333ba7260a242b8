/**
 * AppStream metadata that is no Debian archive: a folder of files on this machine, or one packed file as Flathub publishes
 * it. Neither has packages: its components are shown, with the addresses they name.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { parseAppstream } from "./appstream-xml.ts";
import type { Component } from "./component.ts";
import { MAX_INDEX_BYTES } from "./debian-source.ts";
import { unpack } from "./decompress.ts";
import { parseDep11 } from "./dep11.ts";
import { Drops } from "./drops.ts";
import { httpGet } from "./http.ts";
import type { SourceContent } from "./index-writer.ts";
import type { CatalogSource, PreparedSource, SourceContext } from "./source.ts";

/** Files of one folder that are read. */
export const MAX_METADATA_ENTRIES = 10_000;
/** Bytes of one metadata file, packed; Flathub's has 10 million. */
export const MAX_METADATA_BYTES = 128 * 1024 * 1024;

const METADATA_FILE = /\.(?:xml|yml)(?:\.gz|\.xz)?$/;

/** Every AppStream file of a folder: catalogs and the files of single projects, XML and DEP-11, packed or not. */
export class DirectorySource implements CatalogSource {
  readonly name: string;
  readonly #directory: string;

  constructor(name: string, directory: string) {
    this.name = name;
    this.#directory = directory;
  }

  async prepare({ onStage }: SourceContext): Promise<PreparedSource> {
    onStage(`reading ${this.name}`);
    const files = this.#list();
    const hash = createHash("sha256");
    for (const file of files) hash.update(`${basename(file)}\0`).update(readFileSync(file));
    return {
      fingerprint: hash.digest("hex"),
      files: [],
      open: async () =>
        content(this.name, await Promise.all(files.map(async (file) => ({ file, data: await readFile(file) })))),
      commit: () => {},
    };
  }

  #list(): string[] {
    let names: string[];
    try {
      names = readdirSync(this.#directory).filter((name) => METADATA_FILE.test(name));
    } catch (cause) {
      throw new VitrineError("not-found", `Cannot read the catalog source "${this.#directory}": no such folder`, {
        cause,
      });
    }
    if (names.length > MAX_METADATA_ENTRIES) {
      throw new VitrineError("limit", `Cannot read "${this.#directory}": more than ${MAX_METADATA_ENTRIES} files`);
    }
    const files = names.sort().map((name) => join(this.#directory, name));
    for (const file of files) checkSize(file, statSync(file).size);
    return files;
  }
}

/**
 * One packed file of AppStream XML, by https or from this machine. It is not signed: https is what vouches for it, or its
 * digest where that is given.
 */
export class FileSource implements CatalogSource {
  readonly name: string;
  readonly #address: string;
  readonly #sha256: string | undefined;

  constructor(name: string, address: string, sha256: string | undefined) {
    if (!/^https:/i.test(address) && sha256 === undefined && /^[a-z][a-z0-9+.-]*:/i.test(address)) {
      throw new VitrineError(
        "invalid-argument",
        `Cannot use the catalog source "${address}": want https, or its "sha256"`,
      );
    }
    this.name = name;
    this.#address = address;
    this.#sha256 = sha256;
  }

  async prepare(context: SourceContext): Promise<PreparedSource> {
    context.onStage(`downloading ${this.name}`);
    const data = await this.#get(context);
    const sha256 = createHash("sha256").update(data).digest("hex");
    if (this.#sha256 !== undefined && sha256 !== this.#sha256) {
      throw new VitrineError(
        "corrupt",
        `Cannot use "${this.#address}": its digest is "${sha256}", "${this.#sha256}" wanted`,
      );
    }
    await context.store.write(sha256, data);
    return {
      fingerprint: sha256,
      files: [sha256],
      open: async () => {
        const found = await content(this.name, [{ file: this.#address, data: await context.store.read(sha256) }]);
        // Nobody has signed it: it must not give an innocent name to a package of the archive.
        return { ...found, components: found.components.map((component) => ({ ...component, package: undefined })) };
      },
      commit: () => {},
    };
  }

  async #get({ signal }: SourceContext): Promise<Buffer> {
    if (!/^https?:/i.test(this.#address)) {
      checkSize(this.#address, statSync(this.#address, { throwIfNoEntry: false })?.size);
      return await readFile(this.#address);
    }
    const chunks: Uint8Array[] = [];
    const answer = await httpGet({ address: this.#address, signal });
    for await (const chunk of answer.chunks(MAX_METADATA_BYTES)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }
}

function checkSize(file: string, size: number | undefined): void {
  if (size === undefined) throw new VitrineError("not-found", `Cannot read the catalog source "${file}": no such file`);
  if (size <= MAX_METADATA_BYTES) return;
  throw new VitrineError("limit", `Cannot read "${file}": it has ${size} bytes, at most ${MAX_METADATA_BYTES} allowed`);
}

async function content(
  name: string,
  files: readonly { file: string; data: Buffer }[],
): Promise<SourceContent & { components: readonly Component[] }> {
  const drops = new Drops();
  const components: Component[] = [];
  for (const { file, data } of files) {
    const text = (await unpack(file, data, MAX_INDEX_BYTES)).toString();
    const parse = /\.yml(?:\.gz|\.xz)?$/.test(file) ? parseDep11 : parseAppstream;
    components.push(...parse(text, drops));
  }
  return { name, date: null, drops, components, packages: [], icons: [] };
}
