/**
 * Tables of three protocols of wlroots compositors that no Debian package carries as XML, written by hand in the form
 * of src/wayland/generated. Only tests use them: they inject input and read the screen, which no guest may.
 */
import type { InterfaceTable } from "../../src/wayland/types.ts";

export const zwp_virtual_keyboard_manager_v1: InterfaceTable = {
  name: "zwp_virtual_keyboard_manager_v1",
  version: 1,
  requests: [
    {
      name: "create_virtual_keyboard",
      since: 1,
      args: [
        { name: "seat", type: "object", interface: "wl_seat" },
        { name: "id", type: "new_id", interface: "zwp_virtual_keyboard_v1" },
      ],
    },
  ],
  events: [],
  enums: { error: { entries: { unauthorized: 0 } } },
};

export const zwp_virtual_keyboard_v1: InterfaceTable = {
  name: "zwp_virtual_keyboard_v1",
  version: 1,
  requests: [
    {
      name: "keymap",
      since: 1,
      args: [
        { name: "format", type: "uint", enum: "wl_keyboard.keymap_format" },
        { name: "fd", type: "fd" },
        { name: "size", type: "uint" },
      ],
    },
    {
      name: "key",
      since: 1,
      args: [
        { name: "time", type: "uint" },
        { name: "key", type: "uint" },
        { name: "state", type: "uint" },
      ],
    },
    {
      name: "modifiers",
      since: 1,
      args: [
        { name: "mods_depressed", type: "uint" },
        { name: "mods_latched", type: "uint" },
        { name: "mods_locked", type: "uint" },
        { name: "group", type: "uint" },
      ],
    },
    { name: "destroy", since: 1, destructor: true, args: [] },
  ],
  events: [],
  enums: { error: { entries: { no_keymap: 0 } } },
};

export const zwlr_virtual_pointer_manager_v1: InterfaceTable = {
  name: "zwlr_virtual_pointer_manager_v1",
  version: 2,
  requests: [
    {
      name: "create_virtual_pointer",
      since: 1,
      args: [
        { name: "seat", type: "object", interface: "wl_seat", nullable: true },
        { name: "id", type: "new_id", interface: "zwlr_virtual_pointer_v1" },
      ],
    },
    { name: "destroy", since: 1, destructor: true, args: [] },
    {
      name: "create_virtual_pointer_with_output",
      since: 2,
      args: [
        { name: "seat", type: "object", interface: "wl_seat", nullable: true },
        { name: "output", type: "object", interface: "wl_output", nullable: true },
        { name: "id", type: "new_id", interface: "zwlr_virtual_pointer_v1" },
      ],
    },
  ],
  events: [],
  enums: {},
};

export const zwlr_virtual_pointer_v1: InterfaceTable = {
  name: "zwlr_virtual_pointer_v1",
  version: 2,
  requests: [
    {
      name: "motion",
      since: 1,
      args: [
        { name: "time", type: "uint" },
        { name: "dx", type: "fixed" },
        { name: "dy", type: "fixed" },
      ],
    },
    {
      name: "motion_absolute",
      since: 1,
      args: [
        { name: "time", type: "uint" },
        { name: "x", type: "uint" },
        { name: "y", type: "uint" },
        { name: "x_extent", type: "uint" },
        { name: "y_extent", type: "uint" },
      ],
    },
    {
      name: "button",
      since: 1,
      args: [
        { name: "time", type: "uint" },
        { name: "button", type: "uint" },
        { name: "state", type: "uint", enum: "wl_pointer.button_state" },
      ],
    },
    {
      name: "axis",
      since: 1,
      args: [
        { name: "time", type: "uint" },
        { name: "axis", type: "uint", enum: "wl_pointer.axis" },
        { name: "value", type: "fixed" },
      ],
    },
    { name: "frame", since: 1, args: [] },
    {
      name: "axis_source",
      since: 1,
      args: [{ name: "axis_source", type: "uint", enum: "wl_pointer.axis_source" }],
    },
    {
      name: "axis_stop",
      since: 1,
      args: [
        { name: "time", type: "uint" },
        { name: "axis", type: "uint", enum: "wl_pointer.axis" },
      ],
    },
    {
      name: "axis_discrete",
      since: 1,
      args: [
        { name: "time", type: "uint" },
        { name: "axis", type: "uint", enum: "wl_pointer.axis" },
        { name: "value", type: "fixed" },
        { name: "discrete", type: "int" },
      ],
    },
    { name: "destroy", since: 1, destructor: true, args: [] },
  ],
  events: [],
  enums: { error: { entries: { invalid_axis: 0, invalid_axis_source: 1 } } },
};

export const zwlr_screencopy_manager_v1: InterfaceTable = {
  name: "zwlr_screencopy_manager_v1",
  version: 3,
  requests: [
    {
      name: "capture_output",
      since: 1,
      args: [
        { name: "frame", type: "new_id", interface: "zwlr_screencopy_frame_v1" },
        { name: "overlay_cursor", type: "int" },
        { name: "output", type: "object", interface: "wl_output" },
      ],
    },
    {
      name: "capture_output_region",
      since: 1,
      args: [
        { name: "frame", type: "new_id", interface: "zwlr_screencopy_frame_v1" },
        { name: "overlay_cursor", type: "int" },
        { name: "output", type: "object", interface: "wl_output" },
        { name: "x", type: "int" },
        { name: "y", type: "int" },
        { name: "width", type: "int" },
        { name: "height", type: "int" },
      ],
    },
    { name: "destroy", since: 1, destructor: true, args: [] },
  ],
  events: [],
  enums: {},
};

export const zwlr_screencopy_frame_v1: InterfaceTable = {
  name: "zwlr_screencopy_frame_v1",
  version: 3,
  requests: [
    { name: "copy", since: 1, args: [{ name: "buffer", type: "object", interface: "wl_buffer" }] },
    { name: "destroy", since: 1, destructor: true, args: [] },
    { name: "copy_with_damage", since: 2, args: [{ name: "buffer", type: "object", interface: "wl_buffer" }] },
  ],
  events: [
    {
      name: "buffer",
      since: 1,
      args: [
        { name: "format", type: "uint", enum: "wl_shm.format" },
        { name: "width", type: "uint" },
        { name: "height", type: "uint" },
        { name: "stride", type: "uint" },
      ],
    },
    { name: "flags", since: 1, args: [{ name: "flags", type: "uint", enum: "flags" }] },
    {
      name: "ready",
      since: 1,
      args: [
        { name: "tv_sec_hi", type: "uint" },
        { name: "tv_sec_lo", type: "uint" },
        { name: "tv_nsec", type: "uint" },
      ],
    },
    { name: "failed", since: 1, args: [] },
    {
      name: "damage",
      since: 2,
      args: [
        { name: "x", type: "uint" },
        { name: "y", type: "uint" },
        { name: "width", type: "uint" },
        { name: "height", type: "uint" },
      ],
    },
    {
      name: "linux_dmabuf",
      since: 3,
      args: [
        { name: "format", type: "uint" },
        { name: "width", type: "uint" },
        { name: "height", type: "uint" },
      ],
    },
    { name: "buffer_done", since: 3, args: [] },
  ],
  enums: {
    error: { entries: { already_used: 0, invalid_buffer: 1 } },
    flags: { bitfield: true, entries: { y_invert: 1 } },
  },
};

export const wlrInterfaces: readonly InterfaceTable[] = [
  zwp_virtual_keyboard_manager_v1,
  zwp_virtual_keyboard_v1,
  zwlr_virtual_pointer_manager_v1,
  zwlr_virtual_pointer_v1,
  zwlr_screencopy_manager_v1,
  zwlr_screencopy_frame_v1,
];
