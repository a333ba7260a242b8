/**
 * The container of the index: named sections, each read only when it is asked for, so that a search touches a small part of
 * a large file. Little-endian:
 *
 *     8 bytes  "VITRCAT" and the version of the format
 *     u32      bytes of the directory     u32  CRC-32 of the directory
 *     directory: for each section   u8 length of the name, the name, u64 offset, u32 bytes, u32 CRC-32
 *     sections
 *
 * A checksum finds damage of the disk, not an attacker: whoever can write here has the user's rights already.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { VitrineError } from "../../base/error.ts";

/** Raised whenever what the sections hold changes: an index of another version is made anew. */
const VERSION = 1;
const MAGIC = Buffer.concat([Buffer.from("VITRCAT"), Buffer.from([VERSION])]);
const HEADER_SIZE = MAGIC.length + 8;
/** Sections of one file: three for each language, and a dozen. */
export const MAX_SECTIONS = 2048;
/** Bytes of a section's name. */
export const MAX_SECTION_NAME_BYTES = 64;
/** Bytes of one section: all descriptions of 50 000 components, compressed. */
export const MAX_SECTION_BYTES = 512 * 1024 * 1024;

interface Place {
  readonly offset: number;
  readonly length: number;
  readonly crc: number;
}

/** The file that holds `sections`, by name. Throws "limit" when one does not fit. */
export function encodeSections(sections: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const names = [...sections.keys()].map((name) => Buffer.from(name));
  if (names.length > MAX_SECTIONS || names.some((name) => name.length > MAX_SECTION_NAME_BYTES)) {
    throw new VitrineError("limit", `Cannot write the catalog: it has ${names.length} sections`);
  }
  const directory = Buffer.alloc(names.reduce((sum, name) => sum + 1 + name.length + 16, 0));
  let at = 0;
  let offset = HEADER_SIZE + directory.length;
  for (const [index, data] of [...sections.values()].entries()) {
    const name = names[index] as Buffer;
    if (data.length > MAX_SECTION_BYTES) {
      throw new VitrineError("limit", `Cannot write the catalog: section "${name}" has ${data.length} bytes`);
    }
    at = directory.writeUInt8(name.length, at);
    at += name.copy(directory, at);
    at = directory.writeBigUInt64LE(BigInt(offset), at);
    at = directory.writeUInt32LE(data.length, at);
    at = directory.writeUInt32LE(Bun.hash.crc32(data), at);
    offset += data.length;
  }
  const header = Buffer.alloc(8);
  header.writeUInt32LE(directory.length, 0);
  header.writeUInt32LE(Bun.hash.crc32(directory), 4);
  return Buffer.concat([MAGIC, header, directory, ...sections.values()]);
}

/** An open file of sections. Close it, or leave that to the end of a short process. */
export class SectionFile implements Disposable {
  readonly #fd: number;
  readonly #path: string;
  readonly #places: ReadonlyMap<string, Place>;
  /** When the file was last written or found to be up to date, in milliseconds since 1970. */
  readonly modifiedAt: number;

  private constructor(fd: number, path: string, places: ReadonlyMap<string, Place>, modifiedAt: number) {
    this.#fd = fd;
    this.#path = path;
    this.#places = places;
    this.modifiedAt = modifiedAt;
  }

  /** Undefined when there is no such file, or one of another version. Throws "corrupt" when it is damaged. */
  static open(path: string): SectionFile | undefined {
    let fd: number;
    try {
      fd = openSync(path, "r");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
    try {
      const { size, mtimeMs } = fstatSync(fd);
      const places = readDirectory(fd, path, size);
      if (places !== undefined) return new SectionFile(fd, path, places, mtimeMs);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    closeSync(fd);
    return undefined;
  }

  get names(): string[] {
    return [...this.#places.keys()];
  }

  has(name: string): boolean {
    return this.#places.has(name);
  }

  /** The whole section, its checksum compared; "corrupt" when it is not there. */
  read(name: string): Buffer {
    const { offset, length, crc } = this.#place(name);
    const data = readExactly(this.#fd, this.#path, offset, length);
    if (Bun.hash.crc32(data) !== crc) throw damaged(this.#path, `section "${name}" has another checksum`);
    return data;
  }

  /** Bytes `start` to `end` of a section; their checksum is the caller's business. */
  readPart(name: string, start: number, end: number): Buffer {
    const { offset, length } = this.#place(name);
    if (start < 0 || end < start || end > length) throw damaged(this.#path, `section "${name}" is too short`);
    return readExactly(this.#fd, this.#path, offset + start, end - start);
  }

  #place(name: string): Place {
    const place = this.#places.get(name);
    if (place === undefined) throw damaged(this.#path, `section "${name}" is missing`);
    return place;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

function readDirectory(fd: number, path: string, size: number): ReadonlyMap<string, Place> | undefined {
  const header = readExactly(fd, path, 0, Math.min(size, HEADER_SIZE));
  if (header.length < HEADER_SIZE || !header.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const length = header.readUInt32LE(MAGIC.length);
  if (length > MAX_SECTIONS * (MAX_SECTION_NAME_BYTES + 17) || HEADER_SIZE + length > size) {
    throw damaged(path, "its directory is not within the file");
  }
  const directory = readExactly(fd, path, HEADER_SIZE, length);
  if (Bun.hash.crc32(directory) !== header.readUInt32LE(MAGIC.length + 4)) {
    throw damaged(path, "its directory has another checksum");
  }
  const places = new Map<string, Place>();
  for (let at = 0; at < length; ) {
    const end = at + 1 + directory.readUInt8(at);
    if (end + 16 > length) throw damaged(path, "its directory ends too early");
    const place = {
      offset: Number(directory.readBigUInt64LE(end)),
      length: directory.readUInt32LE(end + 8),
      crc: directory.readUInt32LE(end + 12),
    };
    if (place.offset + place.length > size) throw damaged(path, "a section is not within the file");
    places.set(directory.toString("utf8", at + 1, end), place);
    at = end + 16;
  }
  return places;
}

function readExactly(fd: number, path: string, offset: number, length: number): Buffer {
  const data = Buffer.allocUnsafe(length);
  for (let done = 0; done < length; ) {
    const count = readSync(fd, data, done, length - done, offset + done);
    if (count === 0) throw damaged(path, "it ends too early");
    done += count;
  }
  return data;
}

function damaged(path: string, why: string): VitrineError {
  return new VitrineError("corrupt", `Cannot read the catalog "${path}": ${why}`, {
    fix: "vitrine catalog refresh --force",
  });
}
