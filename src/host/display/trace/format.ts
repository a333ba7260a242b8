/**
 * A message's arguments as text that is fit to be shown. Bytes of a guest never appear: arrays are counted; of text the
 * length is told, and its safe beginning only where it is a name (a title, an application id, a MIME type, an interface).
 */
import { sanitizeText } from "../../../base/sanitize.ts";
import { fixedToNumber } from "../../../wayland/fixed.ts";
import type { ArgumentTable, InterfaceTable, MessageTable, Value } from "../../../wayland/types.ts";

/** Characters of a name that are shown. */
export const MAX_SHOWN_CHARS = 64;

/** Text that is a name; what people type or copy is none. */
const NAMES = new Set([
  "wl_registry.bind",
  "wl_registry.global",
  "wl_display.error",
  "wl_seat.name",
  "wl_output.name",
  "xdg_toplevel.set_title",
  "xdg_toplevel.set_app_id",
  "wl_data_source.offer",
  "wl_data_source.send",
  "wl_data_source.target",
  "wl_data_offer.offer",
  "wl_data_offer.accept",
  "wl_data_offer.receive",
  "zwp_primary_selection_source_v1.offer",
  "zwp_primary_selection_source_v1.send",
  "zwp_primary_selection_offer_v1.offer",
  "zwp_primary_selection_offer_v1.receive",
]);

/** Messages that tell which keys a person presses: not for what is kept. */
const KEYS = new Set(["wl_keyboard.key", "wl_keyboard.modifiers"]);

/** Text of any length, cut down to what can be shown of it. */
export interface CutText {
  readonly chars: number;
  readonly beginning: string;
}
/** A decoded argument, or what was kept of it. */
export type KeptValue = Exclude<Value, Uint8Array> | Uint8Array | CutText | { readonly bytes: number };

/** The arguments of a message; `kept`: for a log, so without what was typed. */
export function formatArguments(
  table: InterfaceTable,
  message: MessageTable,
  args: readonly KeptValue[],
  options: { readonly kept: boolean },
): string[] {
  const name = `${table.name}.${message.name}`;
  if (options.kept && KEYS.has(name)) return ["..."];
  return message.args.map((argument, index) => formatArgument(argument, args[index] ?? null, NAMES.has(name)));
}

function formatArgument(argument: ArgumentTable, value: KeptValue, isName: boolean): string {
  switch (argument.type) {
    case "int":
    case "uint":
      return String(value);
    case "fixed":
      return String(fixedToNumber(value as number));
    case "object":
      return value === 0 ? "nil" : `${argument.interface ?? ""}#${value}`;
    case "new_id":
      return formatNewId(argument, value);
    case "string":
      return formatText(value, isName);
    case "array":
      return `array(${value instanceof Uint8Array ? value.length : ((value as { bytes: number } | null)?.bytes ?? 0)})`;
    case "fd":
      return "fd";
    default:
      return argument.type satisfies never;
  }
}

function formatNewId(argument: ArgumentTable, value: KeptValue): string {
  if (typeof value === "object" && value !== null && "interface" in value)
    return `new ${sanitizeText(value.interface, MAX_SHOWN_CHARS)}#${value.id} version ${value.version}`;
  return `new ${argument.interface ?? ""}#${String(value)}`;
}

function formatText(value: KeptValue, isName: boolean): string {
  if (value === null) return "nil";
  const { chars, beginning } =
    typeof value === "string" ? { chars: value.length, beginning: value } : (value as CutText);
  return isName ? `${chars}:${JSON.stringify(sanitizeText(beginning, MAX_SHOWN_CHARS))}` : `text(${chars})`;
}
