/** Pixels of window icons (xdg_toplevel_icon): they cross once, when the app adds them, and need no memory afterwards. */
import { MAX_ICON_SIDE } from "../../channel/contract/display.ts";
import { xdg_toplevel_icon_v1 } from "../../wayland/generated/xdg-toplevel-icon-v1.ts";
import type { MessageWriter } from "../../wayland/message-writer.ts";
import { AppError } from "./app-error.ts";
import type { Arena } from "./arena.ts";
import type { LinkEnd } from "./link-end.ts";
import { rowsOf } from "./pixel-sink.ts";
import type { ShmBuffer } from "./shm.ts";

const INVALID_BUFFER = xdg_toplevel_icon_v1.enums.error?.entries.invalid_buffer ?? 1;

/**
 * Copies all of `buffer` for the icon `id` of the app, in one go: icons are small. False when the arena has no room now.
 * Throws {@link AppError} for a buffer that is no icon.
 */
export function addIconBuffer(
  id: number,
  { geometry, pool, offset }: ShmBuffer,
  scale: number,
  to: { readonly arena: Arena; readonly link: LinkEnd; readonly writer: MessageWriter },
): boolean {
  const { width, height } = geometry;
  if (width !== height || width > MAX_ICON_SIDE) {
    throw new AppError(
      id,
      INVALID_BUFFER,
      `an icon of ${width}x${height}: a square, at most ${MAX_ICON_SIDE}, is wanted`,
    );
  }
  const target = to.link.create(geometry);
  if (target === undefined) return false;
  const { sink } = to.arena;
  const everything = { x0: 0, y0: 0, x1: width, y1: height };
  const rows = rowsOf(everything, geometry, offset, target.offset, sink.gapBytes);
  for (const steps = sink.copy(pool.fd, [rows], to.writer); steps.next().done !== true; );
  to.link.addIconBuffer(id, target.number, scale);
  to.link.drop(target);
  return true;
}
