/**
 * Ways of pixels from an app's memory to the host: into the arena, which the host's compositor reads, or as bytes on the
 * app's stream. Both read with pread(2): an app that truncates its memory gets a short read, and nobody a signal.
 */
import { LINK_INTERFACE, LINK_OBJECT_ID, MAX_LINK_DATA_BYTES } from "../../channel/contract/display.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { type Mapping, preadInto } from "../../sys/memory.ts";
import type { MessageWriter } from "../../wayland/message-writer.ts";
import { messageByName } from "../../wayland/types.ts";
import type { Rect } from "./damage.ts";

/** Rows of memory: `rows` times `rowBytes`, `stride` bytes from row to row on both sides. */
export interface Rows {
  readonly from: number;
  readonly to: number;
  readonly stride: number;
  readonly rowBytes: number;
  readonly rows: number;
}

export interface PixelSink {
  /** Copies rows from `source` to the arena. `writer` is the app's link, for those that send. */
  copy(source: OwnedFd, rows: Rows, writer: MessageWriter): void;
}

/** A part of a row at least this large, compared to the whole, is copied with its neighbours in one call. */
const WIDE_PART = 0.5;

/** The copies for a damaged rectangle of a buffer at `from` in the app's memory and `to` in the arena. */
export function rowsOf(rect: Rect, stride: number, bytesPerPixel: number, from: number, to: number): Rows {
  const at = rect.y0 * stride + rect.x0 * bytesPerPixel;
  const rowBytes = (rect.x1 - rect.x0) * bytesPerPixel;
  const rows = rect.y1 - rect.y0;
  if (rowBytes < stride * WIDE_PART) return { from: from + at, to: to + at, stride, rowBytes, rows };
  // What lies beside a wide rectangle is valid content too: taking whole rows saves a call for each.
  const start = rect.y0 * stride;
  const length = rows * stride;
  return { from: from + start, to: to + start, stride: length, rowBytes: length, rows: 1 };
}

/** Into the arena, mapped here and read by the compositor. */
export function arenaSink(arena: Mapping): PixelSink {
  return {
    copy(source, { from, to, stride, rowBytes, rows }) {
      for (let row = 0; row < rows; row += 1) {
        const at = to + row * stride;
        preadInto(source, arena.bytes.subarray(at, at + rowBytes), from + row * stride);
      }
    },
  };
}

/** As bytes on the link, which the host half writes to the same places. */
export function streamSink(): PixelSink {
  const { opcode, message } = messageByName(LINK_INTERFACE, "requests", "pixels");
  const buffer = new Uint8Array(MAX_LINK_DATA_BYTES);
  const send = (writer: MessageWriter, to: number, stride: number, rowBytes: number, length: number) =>
    writer.append(LINK_OBJECT_ID, opcode, message, [to, stride, rowBytes, buffer.subarray(0, length)]);
  return {
    copy(source, { from, to, stride, rowBytes, rows }, writer) {
      if (rows === 1 || rowBytes > MAX_LINK_DATA_BYTES) {
        for (let row = 0; row < rows; row += 1) {
          for (let at = 0; at < rowBytes; at += MAX_LINK_DATA_BYTES) {
            const piece = buffer.subarray(0, Math.min(MAX_LINK_DATA_BYTES, rowBytes - at));
            const length = preadInto(source, piece, from + row * stride + at);
            if (length > 0) send(writer, to + row * stride + at, length, length, length);
          }
        }
        return;
      }
      const perMessage = Math.max(1, Math.floor(MAX_LINK_DATA_BYTES / rowBytes));
      for (let row = 0; row < rows; row += perMessage) {
        const count = Math.min(perMessage, rows - row);
        for (let index = 0; index < count; index += 1) {
          const target = buffer.subarray(index * rowBytes, (index + 1) * rowBytes);
          target.fill(0, preadInto(source, target, from + (row + index) * stride));
        }
        send(writer, to + row * stride, stride, rowBytes, count * rowBytes);
      }
    },
  };
}
