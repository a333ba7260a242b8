/**
 * Takes the kernel itself out of a bzImage, the form in which distributions ship it: a real-mode boot sector, a
 * decompressor, and the kernel (an ELF file) compressed inside. Monitors start the ELF file directly, by its PVH entry
 * point: no firmware, and no decompression in the guest, which costs two seconds of every start under emulation.
 * Firecracker takes nothing else.
 *
 * Layout: "The Linux/x86 Boot Protocol" of the kernel's documentation, fields of the setup header.
 */
import { VitrineError } from "../../base/error.ts";

/** Offsets of fields of the setup header in the file. */
const SETUP_SECTORS = 0x1f1;
const HEADER_MAGIC = 0x202;
const PROTOCOL_VERSION = 0x206;
const PAYLOAD_OFFSET = 0x248;
const PAYLOAD_LENGTH = 0x24c;
const HEADER_END = 0x250;

const SECTOR_BYTES = 512;
const MAGIC = 0x53726448; // "HdrS"
/** The first version that says where the payload is. */
const PAYLOAD_PROTOCOL = 0x0208;
/** The build appends the length of what the payload unpacks to, which is no part of the compressed stream. */
const LENGTH_TRAILER_BYTES = 4;

/** Programs that unpack a payload, by its first bytes. Each reads standard input and writes standard output with -dc. */
const UNPACKERS = [
  { tool: "zstd", magic: [0x28, 0xb5, 0x2f, 0xfd] },
  { tool: "xz", magic: [0xfd, 0x37, 0x7a, 0x58] },
] as const;

export interface KernelPayload {
  /** What unpacks it. */
  readonly tool: (typeof UNPACKERS)[number]["tool"];
  /** A view of the bytes given. */
  readonly data: Uint8Array;
}

/** Finds the compressed kernel in a bzImage. Throws "corrupt" when that is not one, or is compressed in an unknown way. */
export function kernelPayload(bzImage: Uint8Array): KernelPayload {
  const bad = (why: string) => new VitrineError("corrupt", `Cannot unpack the kernel: ${why}`);
  if (bzImage.length < HEADER_END) throw bad(`it has ${bzImage.length} bytes, a setup header is wanted`);
  const view = new DataView(bzImage.buffer, bzImage.byteOffset, bzImage.byteLength);
  if (view.getUint32(HEADER_MAGIC, true) !== MAGIC) throw bad("it is no bzImage");
  const version = view.getUint16(PROTOCOL_VERSION, true);
  if (version < PAYLOAD_PROTOCOL) throw bad(`its boot protocol "${version}" is too old`);
  const start = (view.getUint8(SETUP_SECTORS) + 1) * SECTOR_BYTES + view.getUint32(PAYLOAD_OFFSET, true);
  const length = view.getUint32(PAYLOAD_LENGTH, true) - LENGTH_TRAILER_BYTES;
  if (length <= 0 || start + length > bzImage.length) throw bad("its payload is not within the file");
  const data = bzImage.subarray(start, start + length);
  const unpacker = UNPACKERS.find(({ magic }) => magic.every((byte, index) => data[index] === byte));
  if (unpacker === undefined) throw bad("it is compressed in another way than zstd or xz");
  return { tool: unpacker.tool, data };
}
