/**
 * Reads tar archives of plain files (ustar and what GNU tar makes of short names): enough for icons, and nothing that could
 * lead anywhere: links, devices and folders are passed over, and names are only compared, never used as paths.
 * Specification: POSIX.1-2017, pax, "ustar Interchange Format".
 */

const BLOCK = 512;
const NAME = { at: 0, length: 100 };
const SIZE = { at: 124, length: 12 };
const CHECKSUM = { at: 148, length: 8 };
const TYPE_AT = 156;
const PREFIX = { at: 345, length: 155 };
const REGULAR = new Set([0, 0x30]);

/** Members of one archive that are looked at. */
export const MAX_TAR_ENTRIES = 100_000;

/** The content of the regular file `name`, a view; undefined when it is not there, or the archive is damaged before it. */
export function tarMember(archive: Uint8Array, name: string): Uint8Array | undefined {
  for (let at = 0, count = 0; at + BLOCK <= archive.length && count < MAX_TAR_ENTRIES; count++) {
    const header = archive.subarray(at, at + BLOCK);
    const size = octal(header, SIZE);
    if (size === undefined || checksum(header) !== octal(header, CHECKSUM)) return undefined;
    const end = at + BLOCK + size;
    if (end > archive.length) return undefined;
    if (REGULAR.has(header[TYPE_AT] ?? -1) && memberName(header) === name) return archive.subarray(at + BLOCK, end);
    at = at + BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return undefined;
}

function memberName(header: Uint8Array): string {
  const prefix = text(header, PREFIX);
  const name = text(header, NAME);
  return (prefix === "" ? name : `${prefix}/${name}`).replace(/^\.\//, "");
}

function text(header: Uint8Array, { at, length }: { at: number; length: number }): string {
  const field = Buffer.from(header.subarray(at, at + length)).toString("latin1");
  const end = field.indexOf("\0");
  return end < 0 ? field : field.slice(0, end);
}

function octal(header: Uint8Array, field: { at: number; length: number }): number | undefined {
  const digits = text(header, field).trim();
  return /^[0-7]{1,12}$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}

/** The sum of the header's bytes, its checksum itself counted as blanks. */
function checksum(header: Uint8Array): number {
  let sum = 0;
  for (const [index, byte] of header.entries()) {
    sum += index >= CHECKSUM.at && index < CHECKSUM.at + CHECKSUM.length ? 0x20 : byte;
  }
  return sum;
}
