/**
 * Checks of a pixel buffer that a guest describes, before the compositor hears of it. Pure arithmetic: the arena's
 * contents are never read here, and a compositor reads them only inside the range that was checked.
 */
import { VitrineError } from "../../base/error.ts";
import { BYTES_PER_PIXEL } from "../../channel/contract/display.ts";
import { MAX_BUFFER_SIDE } from "./limits.ts";

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
