/**
 * The last messages that came in on one app connection, from both sides, for the log when it ends by an error. Kept in
 * slots that are made once: noting a message is a few stores, and it is put into words only when it is asked for.
 */
import type { TraceDirection } from "../../../channel/contract/trace.ts";
import type { InterfaceTable, MessageTable, NewId, Value } from "../../../wayland/types.ts";
import { formatArguments, type KeptValue, MAX_SHOWN_CHARS } from "./format.ts";

/** Messages that are kept of each app connection: enough to see what led to an error, few enough for a log. */
export const MAX_TRAIL_MESSAGES = 48;

interface Slot {
  direction: TraceDirection;
  id: number;
  opcode: number;
  /** Undefined while it is not known what the message is, and so for good when it is nonsense. */
  table: InterfaceTable | undefined;
  message: MessageTable | undefined;
  args: readonly KeptValue[] | undefined;
}

export class MessageTrail {
  readonly #slots: readonly Slot[] = Array.from({ length: MAX_TRAIL_MESSAGES }, () => ({
    direction: "guest->",
    id: 0,
    opcode: 0,
    table: undefined,
    message: undefined,
    args: undefined,
  }));
  #count = 0;

  /** A message for object `id` has come; what it is may be told by {@link identify}. */
  note(direction: TraceDirection, id: number, opcode: number): void {
    const slot = this.#slots[this.#count % MAX_TRAIL_MESSAGES] as Slot;
    this.#count += 1;
    slot.direction = direction;
    slot.id = id;
    slot.opcode = opcode;
    slot.table = undefined;
    slot.message = undefined;
    slot.args = undefined;
  }

  /** What the message is that was noted last. */
  identify(table: InterfaceTable, message: MessageTable): void {
    const slot = this.#slots[(this.#count - 1) % MAX_TRAIL_MESSAGES] as Slot;
    slot.table = table;
    slot.message = message;
  }

  /** The arguments of the message that was noted last. Keeps neither bytes nor long text alive. */
  decoded(args: readonly Value[]): void {
    const slot = this.#slots[(this.#count - 1) % MAX_TRAIL_MESSAGES] as Slot;
    slot.args = args;
    for (let index = 0; index < args.length; index += 1) {
      // Most messages are numbers: this loop is what they cost.
      if (typeof args[index] !== "number") {
        slot.args = args.map(cut);
        return;
      }
    }
  }

  /** The messages in their order, oldest first, one line each, fit for a log. */
  lines(): string[] {
    const first = Math.max(0, this.#count - MAX_TRAIL_MESSAGES);
    return Array.from({ length: this.#count - first }, (_, index) => {
      const { direction, id, opcode, table, message, args } = this.#slots[(first + index) % MAX_TRAIL_MESSAGES] as Slot;
      if (table === undefined || message === undefined) return `${direction} #${id} opcode ${opcode}`;
      const given = args === undefined ? ["..."] : formatArguments(table, message, args, { kept: true });
      return `${direction} ${table.name}#${id}.${message.name}(${given.join(", ")})`;
    });
  }
}

function cut(value: Value): KeptValue {
  if (value instanceof Uint8Array) return { bytes: value.length };
  if (isNewId(value)) return { ...value, interface: copied(value.interface) };
  return typeof value === "string" && value.length > MAX_SHOWN_CHARS
    ? { chars: value.length, beginning: copied(value) }
    : value;
}

function isNewId(value: Value): value is NewId {
  return typeof value === "object" && value !== null && "interface" in value;
}

/** The beginning of `text`, and a little more by which to see the cut, as a string of its own: a slice would keep all of it. */
function copied(text: string): string {
  return Buffer.from(text.slice(0, MAX_SHOWN_CHARS + 1), "utf16le").toString("utf16le");
}
