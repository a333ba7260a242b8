import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  BYTES_PER_PIXEL,
  LINK_INTERFACE,
  LINK_OBJECT_ID,
  MAX_LINK_DATA_BYTES,
} from "../../channel/contract/display.ts";
import { Mapping, memfdCreate } from "../../sys/memory.ts";
import { decode } from "../../wayland/decode.ts";
import { MessageReader } from "../../wayland/message-reader.ts";
import { MessageWriter } from "../../wayland/message-writer.ts";
import { messageByName } from "../../wayland/types.ts";
import { arenaSink, type PixelSink, rowsOf, streamSink } from "./pixel-sink.ts";

fc.configureGlobal({ seed: 20261124 });

const POOL_BYTES = 256 * 1024;
const OLD = 0xaa;
/** What apps have drawn: never the old byte, and different at neighbouring places. */
const DRAWN = Uint8Array.from({ length: POOL_BYTES }, (_, index) => 1 + (index % 160));

/** Writes what is sent to where it belongs, as the host half does. */
function apply(bytes: Uint8Array, arena: Uint8Array): void {
  const { opcode, message } = messageByName(LINK_INTERFACE, "requests", "pixels");
  const reader = new MessageReader();
  reader.push(bytes);
  for (let raw = reader.next(); raw !== undefined; raw = reader.next()) {
    expect([raw.objectId, raw.opcode]).toEqual([LINK_OBJECT_ID, opcode]);
    const [offset, stride, rowBytes, data] = decode(message, raw) as [number, number, number, Uint8Array];
    expect(data.length % rowBytes).toBe(0);
    expect(data.length).toBeLessThanOrEqual(MAX_LINK_DATA_BYTES);
    for (let row = 0; row * rowBytes < data.length; row++) {
      arena.set(data.subarray(row * rowBytes, (row + 1) * rowBytes), offset + row * stride);
    }
  }
}

const buffer = fc
  .record({
    format: fc.constantFrom(0, 1, 0x36314752, 0x48344241),
    width: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.constantFrom(2000, 9000, 20_000, 40_000)),
    padding: fc.constantFrom(0, 0, 8, 64, 4096),
    height: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(1, 2, 3)),
    left: fc.double({ min: 0, max: 0.999, noNaN: true }),
    right: fc.double({ min: 0, max: 0.999, noNaN: true }),
    top: fc.double({ min: 0, max: 0.999, noNaN: true }),
    bottom: fc.double({ min: 0, max: 0.999, noNaN: true }),
    from: fc.constantFrom(0, 4, 1000),
    to: fc.constantFrom(0, 4096),
    /** How much of the buffer the app's file still has. */
    kept: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
  })
  .map(({ format, width, padding, height, left, right, top, bottom, ...rest }) => {
    const pixel = BYTES_PER_PIXEL.get(format) ?? 0;
    const [x0, y0] = [Math.floor(left * width), Math.floor(top * height)];
    const [x1, y1] = [x0 + 1 + Math.floor(right * (width - x0)), y0 + 1 + Math.floor(bottom * (height - y0))];
    return {
      geometry: { format, width, height, stride: width * pixel + padding },
      rect: { x0, y0, x1, y1 },
      pixel,
      ...rest,
    };
  })
  .filter(({ geometry }) => geometry.stride * geometry.height + 4096 <= POOL_BYTES);

for (const kind of ["arena", "stream"] as const) {
  test(`${kind}: all of the rectangle that the app's memory has arrives; what else does is the app's, in its place`, () => {
    using target = memfdCreate("arena", POOL_BYTES);
    using arena = Mapping.map(target, { length: POOL_BYTES, writable: true });
    const sink: PixelSink = kind === "arena" ? arenaSink(arena) : streamSink();
    let truncated = 0;
    fc.assert(
      fc.property(buffer, ({ geometry, rect, pixel, from, to, kept }) => {
        const { stride, height } = geometry;
        const content = DRAWN.subarray(0, from + stride * height);
        const end = kept === 1 ? content.length : Math.floor(content.length * kept);
        using source = memfdCreate("pool", end);
        if (end > 0) {
          using memory = Mapping.map(source, { length: end, writable: true });
          memory.bytes.set(content.subarray(0, end));
        }
        if (end < content.length) truncated += 1;
        arena.bytes.fill(OLD, 0, to + stride * height + 4096);
        const writer = new MessageWriter();
        const steps = sink.copy(source, [rowsOf(rect, geometry, from, to, sink.gapBytes)], writer);
        while (!steps.next().done) apply(writer.take(), arena.bytes);
        apply(writer.take(), arena.bytes);
        for (let y = 0; y < height; y++) {
          const [first, last] = [y * stride + rect.x0 * pixel, y * stride + rect.x1 * pixel - 1];
          const wanted = y >= rect.y0 && y < rect.y1 && from + last < end;
          for (const at of wanted ? [first, last, (first + last) >> 1] : []) {
            if (arena.bytes[to + at] !== content[from + at]) throw new Error(`byte ${at} is missing`);
          }
          for (const at of [y * stride, first, last, (y + 1) * stride - 1]) {
            const byte = arena.bytes[to + at];
            if (byte !== OLD && byte !== content[from + at]) throw new Error(`byte ${at} is nobody's`);
          }
        }
        // Nothing outside of the buffer.
        if (to > 0) expect(arena.bytes[to - 1]).toBe(OLD);
        expect(arena.bytes[to + stride * height]).toBe(OLD);
      }),
      { numRuns: 200 },
    );
    expect(truncated).toBeGreaterThan(50);
  }, 30_000);
}
