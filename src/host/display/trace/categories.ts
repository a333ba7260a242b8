/** What kind a Wayland message is of, for who reads a trace and wants to leave out what is not the point. */
import type { TraceCategory } from "../../../channel/contract/trace.ts";
import type { InterfaceTable, MessageTable } from "../../../wayland/types.ts";

/** The first that matches "interface.message". */
const CATEGORIES: readonly (readonly [category: TraceCategory, pattern: RegExp])[] = [
  [
    "motion",
    /^wl_pointer\.(motion|axis.*|frame)$|^wl_touch\.(motion|frame|shape|orientation)$|^wl_data_device\.motion$/,
  ],
  [
    "motion",
    /\.(relative_motion|update)$|^zwp_tablet_tool_v2\.(motion|pressure|distance|tilt|rotation|slider|wheel|frame)$/,
  ],
  ["shm", /^wl_shm|^wl_buffer\.|^wp_single_pixel|^vitrine_link\.(buffer_|pixels|attach)/],
  ["frame", /^wl_callback\.|^wl_surface\.frame$|^wp_presentation|^wp_fifo|^wp_commit_tim/],
  ["delete", /^wl_display\.delete_id$/],
  ["region", /^wl_region\.|\.create_region$|^wl_surface\.set_(opaque|input)_region$/],
  ["drawing", /^wl_surface\.|^wl_subsurface\.|^wp_viewport|^wp_(alpha|content|tearing|fractional)/],
  ["data", /^wl_data_|^zwp_primary_selection|^vitrine_link\.(transfer|file)/],
  ["input", /^wl_(seat|pointer|keyboard|touch)\.|^zwp_(tablet|text_input|pointer|relative|locked|confined)|^wp_cursor/],
  ["shell", /^z?xdg_|^zwp_idle|^zwp_keyboard_shortcuts/],
  ["registry", /^wl_(registry|display|fixes)\.|^wl_output\./],
];

/** Destructors of peripheral objects are noise of their own kind. */
const DESTRUCTOR: TraceCategory = "delete";

const known = new WeakMap<MessageTable, TraceCategory>();

export function categoryOf(table: InterfaceTable, message: MessageTable): TraceCategory {
  const before = known.get(message);
  if (before !== undefined) return before;
  const name = `${table.name}.${message.name}`;
  const category =
    message.destructor === true ? DESTRUCTOR : (CATEGORIES.find(([, pattern]) => pattern.test(name))?.[0] ?? "other");
  known.set(message, category);
  return category;
}
