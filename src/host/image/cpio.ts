/**
 * Archives for the kernel's initramfs: cpio "newc", in short. Every entry is a header of 6 + 13 * 8 ASCII characters
 * (magic 070701, then inode, mode, uid, gid, links, mtime, size, device numbers, name length, checksum in hex), the name
 * with a NUL, padding to 4 bytes, the data, padding to 4 bytes. The last entry is named TRAILER!!!.
 * Reference: Documentation/driver-api/early-userspace/buffer-format.rst of the Linux kernel.
 */

const TYPE = { file: 0o100000, directory: 0o040000, link: 0o120000, device: 0o020000 } as const;
const NO_DEVICE = [0, 0] as const;
const encoder = new TextEncoder();

export type CpioEntry =
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "file"; readonly path: string; readonly data: Uint8Array; readonly executable?: boolean }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  /** A character device that everybody may read and write. */
  | { readonly kind: "device"; readonly path: string; readonly major: number; readonly minor: number };

/** The archive of `entries`, in their order; everything belongs to root and has no time, so that equal input is equal output. */
export function cpioArchive(entries: readonly CpioEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  entries.forEach((entry, index) => {
    const data = entry.kind === "file" ? entry.data : encoder.encode(entry.kind === "link" ? entry.target : "");
    const device = entry.kind === "device" ? ([entry.major, entry.minor] as const) : NO_DEVICE;
    parts.push(...member(index + 1, modeOf(entry), entry.path, data, device));
  });
  parts.push(...member(0, 0, "TRAILER!!!", new Uint8Array(0)));
  return Buffer.concat(parts);
}

function modeOf(entry: CpioEntry): number {
  if (entry.kind === "directory") return TYPE.directory | 0o755;
  if (entry.kind === "link") return TYPE.link | 0o777;
  if (entry.kind === "device") return TYPE.device | 0o666;
  return TYPE.file | (entry.executable === true ? 0o755 : 0o644);
}

function member(
  inode: number,
  mode: number,
  path: string,
  data: Uint8Array,
  [major, minor]: readonly [number, number] = NO_DEVICE,
): Uint8Array[] {
  const name = encoder.encode(`${path}\0`);
  const links = (mode & TYPE.directory) === TYPE.directory ? 2 : 1;
  const fields = [inode, mode, 0, 0, links, 0, data.length, 0, 0, major, minor, name.length, 0];
  const header = encoder.encode(`070701${fields.map((value) => value.toString(16).padStart(8, "0")).join("")}`);
  return [header, name, padding(header.length + name.length), data, padding(data.length)];
}

function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4);
}
