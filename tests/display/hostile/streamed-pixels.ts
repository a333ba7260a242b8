/** A guest half that sends its pixels as bytes, to places and in rows that are not there. */
import { expect } from "bun:test";
import { ARENA_BYTES } from "../../../src/channel/contract/display.ts";
import { Mapping } from "../../../src/sys/memory.ts";
import { type Attack, byStream, clipped, displayError, type Scene } from "./attack.ts";

const REFUSED = displayError("wl_display", "invalid_method");

/** offset, stride and bytes of a row, and how many bytes there are of it all. */
const pixels = (offset: number, stride: number, rowBytes: number, length: number) => (scene: Scene) =>
  scene.link("pixels", [offset, stride, rowBytes, new Uint8Array(length).fill(7)]);

export const STREAMED_PIXELS: readonly Attack[] = [
  byStream("pixels that begin beyond the arena", REFUSED, pixels(0xffff_fff0, 40, 40, 40)),
  byStream("pixels that end beyond the arena", REFUSED, pixels(ARENA_BYTES - 60, 40, 40, 80)),
  byStream("pixels whose stride jumps beyond the arena", REFUSED, pixels(0, 0xffff_ffff, 40, 80)),
  byStream("rows of no bytes", REFUSED, pixels(0, 40, 0, 40)),
  byStream("half a row", REFUSED, pixels(0, 40, 40, 60)),
  byStream("rows longer than their stride", REFUSED, pixels(0, 20, 40, 80)),
  byStream("no pixels at all", REFUSED, pixels(0, 40, 40, 0)),
  byStream("rows of 4294967295 bytes", REFUSED, pixels(0, 0xffff_ffff, 0xffff_ffff, 40)),
  byStream(
    "pixels at the very end of the arena, and none before",
    clipped(({ rig }) => {
      using mapping = Mapping.map(rig.arena, { length: ARENA_BYTES, writable: false });
      expect([...mapping.bytes.subarray(-81)]).toEqual([0, ...new Uint8Array(80).fill(7)]);
    }),
    pixels(ARENA_BYTES - 80, 40, 40, 80),
  ),
];
