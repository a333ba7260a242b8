/** Pixels that come as bytes, for guests that do not map the arena: written into it row by row. */
import { VitrineError } from "../../base/error.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { Mapping } from "../../sys/memory.ts";

/** The window arena; `offset` and `bytes` as in HostDisplayOptions. */
export interface ArenaRange {
  readonly arena: OwnedFd;
  readonly offset: number;
  readonly bytes: number;
}

export class ArenaWriter {
  readonly #range: ArenaRange;
  #mapping: Mapping | undefined;

  /** The file of `range` is borrowed. It is mapped with the first pixels. */
  constructor(range: ArenaRange) {
    this.#range = range;
  }

  /** Writes `data` as rows of `rowBytes`, `stride` apart, from `offset` of the arena on. Throws "protocol" when they do not fit. */
  write(offset: number, stride: number, rowBytes: number, data: Uint8Array): void {
    const { arena, bytes } = this.#range;
    const rows = rowBytes > 0 ? data.length / rowBytes : 0;
    if (!Number.isInteger(rows) || rows === 0 || stride < rowBytes || offset + (rows - 1) * stride + rowBytes > bytes) {
      throw new VitrineError(
        "protocol",
        `Cannot take pixels: ${data.length} bytes in rows of ${rowBytes} do not fit at ${offset}`,
      );
    }
    this.#mapping ??= Mapping.map(arena, { length: bytes, offset: this.#range.offset, writable: true });
    if (stride === rowBytes) {
      this.#mapping.bytes.set(data, offset);
      return;
    }
    for (let row = 0; row < rows; row += 1) {
      this.#mapping.bytes.set(data.subarray(row * rowBytes, (row + 1) * rowBytes), offset + row * stride);
    }
  }

  close(): void {
    this.#mapping?.close();
    this.#mapping = undefined;
  }
}
