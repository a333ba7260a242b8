/**
 * xdg_toplevel_icon: a window's picture in task bars, by name or as pixels.
 *
 * 1. Names are those of icons on the host, so they are rewritten as application ids are: a guest gets the icon that was
 *    exported for its app, never one of the host's programs.
 * 2. Pixels come by the link (link-end.ts), as a range of the arena. They are copied into memory of our own and get the
 *    sandbox's ring (icon-ring.ts) before the compositor sees them; so the guest has its range back at once.
 * 3. The compositor wants a buffer to live as long as the icon that has it: ours go with the icon.
 */
import { MAX_ICON_SIDE } from "../../../channel/contract/display.ts";
import { preadInto } from "../../../sys/memory.ts";
import { wl_buffer } from "../../../wayland/generated/wayland.ts";
import { xdg_toplevel_icon_manager_v1, xdg_toplevel_icon_v1 } from "../../../wayland/generated/xdg-toplevel-icon-v1.ts";
import { drawRing } from "../../desktop/icon-ring.ts";
import type { DisplayClient } from "../client.ts";
import { hostAppId } from "../identity.ts";
import { MAX_CLIENT_ICON_BYTES } from "../limits.ts";
import type { PixelBuffer } from "../pixel-buffer.ts";
import { ProtocolViolation, WL_DISPLAY_ERROR } from "../protocol-violation.ts";
import { defineRelay, forward, type RelayObject, stateOf } from "../relay.ts";

interface IconState {
  /** Our buffers, by their ids on the compositor's connection, and the bytes of all. */
  readonly buffers: number[];
  bytes: number;
}

const PIXEL_BYTES = 4;
const OPAQUE = 0xff000000;
/** argb8888 and xrgb8888 of wl_shm: what compositors take for icons, and the ring can be drawn into. */
const FORMATS: ReadonlySet<number> = new Set([0, 1]);
const INVALID_BUFFER = xdg_toplevel_icon_v1.enums.error?.entries.invalid_buffer ?? 1;

const iconBytes = new WeakMap<DisplayClient, number>();

export const toplevelIconManagerRelay = defineRelay({
  table: xdg_toplevel_icon_manager_v1,
  version: 1,
  requests: { destroy: forward, create_icon: forward, set_icon: forward },
  events: { icon_size: forward, done: forward },
});

export const toplevelIconRelay = defineRelay<IconState>({
  table: xdg_toplevel_icon_v1,
  version: 1,
  state: () => ({ buffers: [], bytes: 0 }),
  requests: {
    destroy: forward,
    set_name: ({ client, args, forward }) => forward([hostAppId(client.context.sandbox, args[0] as string)]),
    // A wl_buffer that the compositor knows has no memory of the guest's, so it is none for an icon.
    add_buffer: ({ object }) => {
      throw new ProtocolViolation(object.guestId, INVALID_BUFFER, "the buffer of an icon must be in shared memory");
    },
  },
  events: {},
  destroyed: (client, { state }) => {
    for (const buffer of state.buffers) client.sendToHost(buffer, wl_buffer, "destroy", []);
    iconBytes.set(client, (iconBytes.get(client) ?? 0) - state.bytes);
  },
});

/** xdg_toplevel_icon_v1.add_buffer with checked pixels of the arena, at the link's word. */
export function addIconBuffer(client: DisplayClient, icon: RelayObject, pixels: PixelBuffer, scale: number): void {
  const state = stateOf(toplevelIconRelay, icon);
  if (state === undefined) throw new ProtocolViolation(1, WL_DISPLAY_ERROR.invalidObject, "not an icon");
  const { width: side, height, format } = pixels;
  if (side !== height || side > MAX_ICON_SIDE || !FORMATS.has(format)) {
    const wanted = `a square of at most ${MAX_ICON_SIDE} pixels in argb8888 or xrgb8888 wanted`;
    throw new ProtocolViolation(icon.guestId, INVALID_BUFFER, `icon of ${side}x${height}, format ${format}: ${wanted}`);
  }
  const bytes = side * side * PIXEL_BYTES;
  const total = (iconBytes.get(client) ?? 0) + bytes;
  if (total > MAX_CLIENT_ICON_BYTES) {
    throw new ProtocolViolation(1, WL_DISPLAY_ERROR.noMemory, `icons of ${total} bytes`);
  }
  iconBytes.set(client, total);
  state.bytes += bytes;
  const buffer = client.own.image({ width: side, height: side }, copyWithRing(client, pixels), format);
  state.buffers.push(buffer);
  client.sendToHost(icon.hostId, xdg_toplevel_icon_v1, "add_buffer", [buffer, scale]);
}

/** What the arena has there now, without gaps. What the guest does not fill stays clear. */
function copyWithRing({ context }: DisplayClient, { offset, stride, width: side }: PixelBuffer): Uint8Array {
  const pixels = new Uint32Array(side * side);
  const bytes = new Uint8Array(pixels.buffer);
  const rowBytes = side * PIXEL_BYTES;
  for (let row = 0; row < side; row += 1) {
    const into = bytes.subarray(row * rowBytes, (row + 1) * rowBytes);
    preadInto(context.arena, into, context.arenaOffset + offset + row * stride);
  }
  drawRing(pixels, side, side, (OPAQUE | context.colour) >>> 0);
  return bytes;
}
