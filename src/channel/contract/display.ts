/**
 * The display link: what travels on a {kind: "wayland"} stream between the guest half and the host half, for one app.
 *
 * 1. Ordinary Wayland messages in the app's own numbering of objects, without descriptors, and messages of the link itself
 *    on the object id 0, which Wayland does not use. Requests go to the host, events to the guest.
 * 2. Pixels. Shared-memory pools and their wl_buffers stay in the guest half. What a surface shows is a range of the arena:
 *    `buffer_create` names it (the number is the guest's own), `attach` stands for wl_surface.attach, `icon_buffer` for
 *    xdg_toplevel_icon_v1.add_buffer (the host copies the pixels at once, so the range is free again). The guest writes into
 *    a range only when it was never attached or after `buffer_release`; after `buffer_destroy` it waits for `buffer_gone`.
 * 3. Where the guest cannot map the arena, `pixels` carries rows to the same addresses, ahead of the commit.
 * 4. Descriptors. `transfer` says that the descriptor argument of the next message is a pipe, known by a token; the guest
 *    opens a {kind: "transfer"} stream for it, in both directions. `file` and `file_data` say that the descriptor argument
 *    of the next event is a read-only file of these bytes.
 */
import type { InterfaceTable } from "../../wayland/types.ts";

/** The object id that stands for the link. */
export const LINK_OBJECT_ID = 0;

/** Bytes of a file that stands for a descriptor (keymaps: 30 to 70 KiB). */
export const MAX_LINK_FILE_BYTES = 1024 * 1024;

/** Bytes of pixels or of a file in one message; the message must stay below the 64 KiB of the wire format. */
export const MAX_LINK_DATA_BYTES = 65_024;

/** Longest side of a window's icon in pixels: the largest that desktops show, 256, at scale 2. */
export const MAX_ICON_SIDE = 512;

/** Size of the window arena. A 4K window with three buffers takes 100 MB; pages never used cost nothing. */
export const ARENA_BYTES = 256 * 1024 * 1024;

/**
 * Bytes of a pixel by wl_shm format code: the formats that cross the link. All are packed, one plane; of multi-planar
 * formats the size rules differ between compositors.
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

export const LINK_INTERFACE: InterfaceTable = {
  name: "vitrine_link",
  version: 1,
  requests: [
    {
      name: "buffer_create",
      since: 1,
      args: [
        { name: "buffer", type: "uint" },
        { name: "offset", type: "uint" },
        { name: "width", type: "int" },
        { name: "height", type: "int" },
        { name: "stride", type: "int" },
        { name: "format", type: "uint" },
      ],
    },
    { name: "buffer_destroy", since: 1, args: [{ name: "buffer", type: "uint" }] },
    {
      name: "pixels",
      since: 1,
      args: [
        { name: "offset", type: "uint" },
        { name: "stride", type: "uint" },
        { name: "row_bytes", type: "uint" },
        { name: "data", type: "array" },
      ],
    },
    {
      name: "attach",
      since: 1,
      args: [
        { name: "surface", type: "uint" },
        { name: "buffer", type: "uint" },
        { name: "x", type: "int" },
        { name: "y", type: "int" },
      ],
    },
    { name: "transfer", since: 1, args: [{ name: "token", type: "uint" }] },
    {
      name: "icon_buffer",
      since: 1,
      args: [
        { name: "icon", type: "uint" },
        { name: "buffer", type: "uint" },
        { name: "scale", type: "int" },
      ],
    },
  ],
  events: [
    { name: "buffer_release", since: 1, args: [{ name: "buffer", type: "uint" }] },
    { name: "buffer_gone", since: 1, args: [{ name: "buffer", type: "uint" }] },
    { name: "transfer", since: 1, args: [{ name: "token", type: "uint" }] },
    { name: "file", since: 1, args: [{ name: "size", type: "uint" }] },
    { name: "file_data", since: 1, args: [{ name: "data", type: "array" }] },
  ],
  enums: {},
};
