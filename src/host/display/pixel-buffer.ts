/**
 * Checks of a pixel buffer that a guest describes, before the compositor hears of it. Pure arithmetic: the arena's
 * contents are never read here, and a compositor reads them only inside the range that was checked.
 */
import { VitrineError } from "../../base/error.ts";
import { MAX_BUFFER_SIDE } from "./limits.ts";

/**
 * Bytes of a pixel by wl_shm format code: the formats a guest may use. All are packed, one plane. Multi-planar formats
 * are left out: their size rules differ between compositors.
 */
export const BYTES_PER_PIXEL: ReadonlyMap<number, number> = new Map([
  [0, 4], // argb8888
  [1, 4], // xrgb8888
  [0x34324241, 4], // abgr8888
  [0x34324258, 4], // xbgr8888
  [0x30335241, 4], // argb2101010
  [0x30335258, 4], // xrgb2101010
  [0x30334241, 4], // abgr2101010
  [0x30334258, 4], // xbgr2101010
  [0x36314752, 2], // rgb565
  [0x48344241, 8], // abgr16161616f
  [0x48344258, 8], // xbgr16161616f
]);

/** A range of the arena seen as pixels; all in bytes or pixels, `format` as in wl_shm. */
export type PixelBuffer = { offset: number; width: number; height: number; stride: number; format: number };

/** Returns `buffer` when every pixel of it lies inside an arena of `arenaBytes`; throws a protocol error when not. */
export function checkPixelBuffer(buffer: PixelBuffer, arenaBytes: number): PixelBuffer {
  const { offset, width, height, stride, format } = buffer;
  const bytesPerPixel = BYTES_PER_PIXEL.get(format);
  if (bytesPerPixel === undefined) throw refused(`format ${format} is not one of the packed formats`);
  if (width < 1 || height < 1 || width > MAX_BUFFER_SIDE || height > MAX_BUFFER_SIDE) {
    throw refused(`size ${width}x${height} is not within 1 and ${MAX_BUFFER_SIDE}`);
  }
  // All numbers are below 2^32, so the products stay exact in a double.
  if (stride < width * bytesPerPixel || stride % bytesPerPixel !== 0) {
    throw refused(`stride ${stride} does not fit ${width} pixels of ${bytesPerPixel} bytes`);
  }
  if (offset < 0 || offset + stride * height > arenaBytes) {
    throw refused(`range ${offset}+${stride}*${height} is not within ${arenaBytes} bytes`);
  }
  return buffer;
}

function refused(reason: string): VitrineError {
  return new VitrineError("protocol", `Cannot use a guest's pixel buffer: ${reason}`);
}
