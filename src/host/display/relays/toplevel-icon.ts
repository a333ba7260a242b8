/**
 * xdg_toplevel_icon: a window's picture in task bars, by name or as pixels.
 *
 * 1. Names are those of icons on the host, so they are rewritten as application ids are: a guest gets the icon that was
 *    exported for its app, never one of the host's programs.
 * 2. Pixels come by the link (link-end.ts), as a range of the arena. They are copied into memory of our own and get the
 *    sandbox's ring (icon-ring.ts) before the compositor sees them; so the guest has its range back at once.
 * 3. The compositor wants a buffer to live as long as the icon that has it: ours go with the icon.
 * 4. Apps destroy an icon once a window has it. What a window has is kept, so that another compositor can be given it.
 */
import { MAX_ICON_SIDE } from "../../../channel/contract/display.ts";
import { preadInto } from "../../../sys/memory.ts";
import { wl_buffer } from "../../../wayland/generated/wayland.ts";
import { xdg_toplevel } from "../../../wayland/generated/xdg-shell.ts";
import { xdg_toplevel_icon_manager_v1, xdg_toplevel_icon_v1 } from "../../../wayland/generated/xdg-toplevel-icon-v1.ts";
import { drawRing } from "../../desktop/icon-ring.ts";
import type { DisplayClient } from "../client.ts";
import { hostAppId } from "../identity.ts";
import { MAX_CLIENT_ICON_BYTES } from "../limits.ts";
import type { PixelBuffer } from "../pixel-buffer.ts";
import { ProtocolViolation, WL_DISPLAY_ERROR } from "../protocol-violation.ts";
import { defineRelay, forward, type GuestRequest, type RelayObject, stateOf } from "../relay.ts";
import { again, remember, withMaker } from "../replay.ts";
import { heldObject } from "../translate.ts";

/** Pixels as the compositor gets them. */
interface Picture {
  readonly side: number;
  readonly pixels: Uint8Array;
  readonly format: number;
  readonly scale: number;
}

/** What an icon consists of; the name is ours. */
interface IconContent {
  readonly name: string | undefined;
  readonly pictures: readonly Picture[];
}

interface IconState {
  content: IconContent;
  /** Our buffers, by their ids on the compositor's connection. */
  readonly buffers: number[];
}

const PIXEL_BYTES = 4;
const OPAQUE = 0xff000000;
/** argb8888 and xrgb8888 of wl_shm: what compositors take for icons, and the ring can be drawn into. */
const FORMATS: ReadonlySet<number> = new Set([0, 1]);
const INVALID_BUFFER = xdg_toplevel_icon_v1.enums.error?.entries.invalid_buffer ?? 1;

const iconBytes = new WeakMap<DisplayClient, number>();

/** By connection, what its windows have for icons; the one that was set last comes last. */
const windowIcons = new WeakMap<DisplayClient, Map<RelayObject, IconContent>>();

export const toplevelIconManagerRelay = defineRelay({
  table: xdg_toplevel_icon_manager_v1,
  version: 1,
  requests: { destroy: forward, create_icon: forward, set_icon: setIcon },
  events: { icon_size: forward, done: forward },
});

export const toplevelIconRelay = defineRelay<IconState>({
  table: xdg_toplevel_icon_v1,
  version: 1,
  state: () => ({ content: { name: undefined, pictures: [] }, buffers: [] }),
  requests: {
    destroy: forward,
    set_name: ({ client, object, args, forward }) => {
      const name = hostAppId(client.context.sandbox, args[0] as string);
      object.state.content = { ...object.state.content, name };
      forward([name]);
    },
    // A wl_buffer that the compositor knows has no memory of the guest's, so it is none for an icon.
    add_buffer: ({ object }) => {
      throw new ProtocolViolation(object.guestId, INVALID_BUFFER, "the buffer of an icon must be in shared memory");
    },
  },
  events: {},
  returns: (client, object) => {
    const { buffers, content } = object.state;
    buffers.length = 0;
    if (again(client, object)) buffers.push(...describe(client, object.hostId, content));
  },
  destroyed: (client, { state }) => {
    destroyBuffers(client, state.buffers);
    iconBytes.set(client, (iconBytes.get(client) ?? 0) - bytesOf(state.content));
  },
});

/** A window gets an icon, or gives up the one that it has. */
function setIcon({ client, object, args, forward }: GuestRequest): void {
  const [toplevelId, iconId] = args as [number, number];
  const toplevel = heldObject(client, toplevelId, xdg_toplevel.name);
  const icon = iconId === 0 ? undefined : heldObject(client, iconId, xdg_toplevel_icon_v1.name);
  forward();
  keep(client, toplevel, stateOf(toplevelIconRelay, icon)?.content);
  remember(toplevel, object.relay.table.name, () => {
    const content = windowIcons.get(client)?.get(toplevel);
    if (content === undefined) return;
    withMaker(client, object, (manager) => {
      const send = (name: string, values: readonly number[]) =>
        client.sendToHost(manager, xdg_toplevel_icon_manager_v1, name, values);
      const iconHostId = client.own.newId();
      send("create_icon", [iconHostId]);
      const buffers = describe(client, iconHostId, content);
      send("set_icon", [toplevel.hostId, iconHostId]);
      client.sendToHost(iconHostId, xdg_toplevel_icon_v1, "destroy", []);
      destroyBuffers(client, buffers);
    });
  });
}

/** Of windows that are gone, and of those that got theirs first when all are too large, nothing is kept. */
function keep(client: DisplayClient, toplevel: RelayObject, content: IconContent | undefined): void {
  const kept = windowIcons.get(client) ?? new Map<RelayObject, IconContent>();
  windowIcons.set(client, kept);
  kept.delete(toplevel);
  if (content !== undefined) kept.set(toplevel, content);
  for (const window of kept.keys()) if (!window.alive) kept.delete(window);
  let bytes = 0;
  for (const [window, icon] of [...kept].reverse()) {
    bytes += bytesOf(icon);
    if (bytes > MAX_CLIENT_ICON_BYTES) kept.delete(window);
  }
}

/** Tells the compositor what a new icon consists of; returns the buffers, which have to live as long as that. */
function describe(client: DisplayClient, iconHostId: number, { name, pictures }: IconContent): number[] {
  if (name !== undefined) client.sendToHost(iconHostId, xdg_toplevel_icon_v1, "set_name", [name]);
  return pictures.map((picture) => addPicture(client, iconHostId, picture));
}

function addPicture(client: DisplayClient, iconHostId: number, { side, pixels, format, scale }: Picture): number {
  const buffer = client.own.image({ width: side, height: side }, pixels, format);
  client.sendToHost(iconHostId, xdg_toplevel_icon_v1, "add_buffer", [buffer, scale]);
  return buffer;
}

function destroyBuffers(client: DisplayClient, buffers: readonly number[]): void {
  for (const buffer of buffers) client.sendToHost(buffer, wl_buffer, "destroy", []);
}

function bytesOf({ pictures }: IconContent): number {
  return pictures.reduce((bytes, { pixels }) => bytes + pixels.length, 0);
}

/** xdg_toplevel_icon_v1.add_buffer with checked pixels of the arena, at the link's word. */
export function addIconBuffer(client: DisplayClient, icon: RelayObject, pixels: PixelBuffer, scale: number): void {
  const state = stateOf(toplevelIconRelay, icon);
  if (state === undefined) throw new ProtocolViolation(1, WL_DISPLAY_ERROR.invalidObject, "not an icon");
  const { width: side, height, format } = pixels;
  if (side !== height || side > MAX_ICON_SIDE || !FORMATS.has(format)) {
    const wanted = `a square of at most ${MAX_ICON_SIDE} pixels in argb8888 or xrgb8888 wanted`;
    throw new ProtocolViolation(icon.guestId, INVALID_BUFFER, `icon of ${side}x${height}, format ${format}: ${wanted}`);
  }
  const total = (iconBytes.get(client) ?? 0) + side * side * PIXEL_BYTES;
  if (total > MAX_CLIENT_ICON_BYTES) {
    throw new ProtocolViolation(1, WL_DISPLAY_ERROR.noMemory, `icons of ${total} bytes`);
  }
  iconBytes.set(client, total);
  const picture = { side, pixels: copyWithRing(client, pixels), format, scale };
  state.content = { ...state.content, pictures: [...state.content.pictures, picture] };
  state.buffers.push(addPicture(client, icon.hostId, picture));
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
