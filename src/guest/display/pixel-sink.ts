/**
 * Ways of pixels from an app's memory to the host: into the arena, which the host's compositor reads, or as bytes on the
 * app's stream. Both read with pread(2): an app that truncates its memory gets a short read, and nobody a signal.
 */
import {
  BYTES_PER_PIXEL,
  LINK_INTERFACE,
  LINK_OBJECT_ID,
  MAX_LINK_DATA_BYTES,
} from "../../channel/contract/display.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { type Mapping, preadInto } from "../../sys/memory.ts";
import type { MessageWriter } from "../../wayland/message-writer.ts";
import { messageByName } from "../../wayland/types.ts";
import type { Rect } from "./damage.ts";
import { MAX_GATHERED_BYTES } from "./limits.ts";
import type { Geometry } from "./pixel-queue.ts";

/** Rows of memory: `rows` times `rowBytes`, `stride` bytes from row to row on both sides. */
export interface Rows {
  readonly from: number;
  readonly to: number;
  readonly stride: number;
  readonly rowBytes: number;
  readonly rows: number;
}

export interface PixelSink {
  /** Bytes between damaged parts of two rows that are copied along rather than to make a call for each row. */
  readonly gapBytes: number;
  /**
   * Copies rows from `source` to the arena, some with each step of the iterator; between two steps the caller may wait.
   * `writer` is the app's link, for a sink that sends.
   */
  copy(source: OwnedFd, rows: readonly Rows[], writer: MessageWriter): Iterator<void>;
}

/** A read for one row (1.5 us, under emulation twenty times that) costs as much as copying so many bytes. */
const ARENA_GAP_BYTES = 16 * 1024;
/** The same where each byte also crosses the link. */
const STREAM_GAP_BYTES = 2 * 1024;

/** The copies for a damaged rectangle of a buffer at `from` in the app's memory and `to` in the arena. */
export function rowsOf(rect: Rect, { stride, format }: Geometry, from: number, to: number, gapBytes: number): Rows {
  const pixelBytes = BYTES_PER_PIXEL.get(format) ?? 1;
  const rowBytes = (rect.x1 - rect.x0) * pixelBytes;
  const rows = rect.y1 - rect.y0;
  if (rows > 1 && stride - rowBytes > gapBytes) {
    const at = rect.y0 * stride + rect.x0 * pixelBytes;
    return { from: from + at, to: to + at, stride, rowBytes, rows };
  }
  // What lies beside a wide rectangle is valid content too: taking whole rows saves a call for each.
  const start = rect.y0 * stride;
  const length = rows * stride;
  return { from: from + start, to: to + start, stride: length, rowBytes: length, rows: 1 };
}

/** Into the arena, mapped here and read by the compositor. */
export function arenaSink(arena: Mapping): PixelSink {
  return {
    gapBytes: ARENA_GAP_BYTES,
    copy(source, parts) {
      for (const { from, to, stride, rowBytes, rows } of parts) {
        for (let row = 0; row < rows; row += 1) {
          const at = to + row * stride;
          preadInto(source, arena.bytes.subarray(at, at + rowBytes), from + row * stride);
        }
      }
      return [].values();
    },
  };
}

/** As bytes on the link, which the host half writes to the same places. Only what the app's memory has is sent. */
export function streamSink(): PixelSink {
  const { opcode, message } = messageByName(LINK_INTERFACE, "requests", "pixels");
  const buffer = new Uint8Array(MAX_LINK_DATA_BYTES);
  const send = (writer: MessageWriter, to: number, stride: number, rowBytes: number, length: number) => {
    if (length > 0) writer.append(LINK_OBJECT_ID, opcode, message, [to, stride, rowBytes, buffer.subarray(0, length)]);
  };
  return {
    gapBytes: STREAM_GAP_BYTES,
    *copy(source, parts, writer) {
      for (const { from, to, stride, rowBytes, rows } of parts) {
        const longRow = rowBytes > MAX_LINK_DATA_BYTES;
        const perMessage = longRow ? 1 : Math.floor(MAX_LINK_DATA_BYTES / rowBytes);
        for (let row = 0; row < rows; row += perMessage) {
          const [rowFrom, rowTo] = [from + row * stride, to + row * stride];
          if (longRow || rows === 1) {
            for (let at = 0; at < rowBytes; at += MAX_LINK_DATA_BYTES) {
              const piece = buffer.subarray(0, Math.min(MAX_LINK_DATA_BYTES, rowBytes - at));
              const length = preadInto(source, piece, rowFrom + at);
              send(writer, rowTo + at, length, length, length);
              if (writer.length >= MAX_GATHERED_BYTES) yield;
            }
            continue;
          }
          const whole = readRows(source, buffer, rowFrom, stride, rowBytes, Math.min(perMessage, rows - row));
          send(writer, rowTo, stride, rowBytes, whole * rowBytes);
          if (writer.length >= MAX_GATHERED_BYTES) yield;
        }
      }
    },
  };
}

/** Reads rows into `buffer`, one behind the other; returns how many the app's memory has in full. */
function readRows(
  source: OwnedFd,
  buffer: Uint8Array,
  from: number,
  stride: number,
  rowBytes: number,
  rows: number,
): number {
  for (let row = 0; row < rows; row += 1) {
    const target = buffer.subarray(row * rowBytes, (row + 1) * rowBytes);
    if (preadInto(source, target, from + row * stride) < rowBytes) return row;
  }
  return rows;
}
