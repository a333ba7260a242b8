/**
 * What a compositor offers to the apps behind a route, learned by asking it as an app would: its globals, what each of them
 * says when it is bound, its keyboards, where its screens lie. Plain data, good for as long as the desktop stays as it is;
 * what has changed by the time that an app moves there, the app learns there.
 */
import type { OwnedFd } from "../../../sys/fd.ts";
import { preadInto } from "../../../sys/memory.ts";
import { wl_keyboard, wl_output, wl_seat } from "../../../wayland/generated/wayland.ts";
import { zxdg_output_manager_v1, zxdg_output_v1 } from "../../../wayland/generated/xdg-output-unstable-v1.ts";
import { type InterfaceTable, messageByName, type Value } from "../../../wayland/types.ts";
import { relayRegistry } from "../allow-list.ts";
import type { CompositorRoute } from "../compositor-route.ts";
import { ControlConnection, type HostEventHandler, type HostGlobal } from "../control-connection.ts";
import { MAX_KEYMAP_BYTES } from "../limits.ts";
import type { LogicalArea } from "../output-layout.ts";

/** An event as it came. */
export interface LearnedEvent {
  readonly name: string;
  readonly args: readonly Value[];
}

/** A global, and what it says to whoever binds it. */
export interface OfferedGlobal extends HostGlobal {
  readonly events: readonly LearnedEvent[];
}

export interface OfferedKeyboard {
  /** wl_keyboard.keymap_format. */
  readonly format: number;
  readonly keymap: Uint8Array;
  /** Keys a second, and milliseconds before the first repetition; undefined when the compositor does not say. */
  readonly repeat: readonly [rate: number, delay: number] | undefined;
}

/** Globals, keyboards and screens by the compositor's names of the globals. */
export interface Offer {
  readonly globals: ReadonlyMap<number, OfferedGlobal>;
  readonly keyboards: ReadonlyMap<number, OfferedKeyboard>;
  /** What the zxdg_output of a screen says; nothing where the compositor has none for apps. */
  readonly xdgOutputs: ReadonlyMap<number, readonly LearnedEvent[]>;
  /** What the route knows of the screens besides. */
  readonly areas: ReadonlyMap<number, LogicalArea>;
}

const CAPABILITY_KEYBOARD = wl_seat.enums.capability?.entries.keyboard ?? 2;

/** Asks the compositor behind `route`, which stays the caller's. Throws "unavailable", "protocol" or "timeout". */
export async function learnOffer(route: CompositorRoute): Promise<Offer> {
  const control = await ControlConnection.over(route.connect(), "behind a route");
  try {
    return await learn(control, route);
  } finally {
    control.close();
  }
}

async function learn(control: ControlConnection, route: CompositorRoute): Promise<Offer> {
  const bound = new Map<number, OfferedGlobal>();
  const ids = new Map<number, number>();
  for (const global of control.globals.values()) {
    const table = relayRegistry.globals.get(global.interface)?.table;
    // What apps do not get and the frames do not use is nobody's business.
    if (table === undefined) continue;
    const events: LearnedEvent[] = [];
    const id = control.bind(global, table, Math.min(table.version, global.version), recorder(table, events));
    ids.set(global.name, id);
    bound.set(global.name, { ...global, events });
  }
  await control.roundtrip();
  // What is said from now on belongs to what is asked from now on.
  const globals = new Map(
    [...bound].map(([name, { events, ...global }]) => [name, { ...global, events: [...events] }]),
  );
  const named = (table: InterfaceTable) => [...globals.values()].filter((global) => global.interface === table.name);
  const keyboards = new Map<number, OfferedKeyboard>();
  for (const seat of named(wl_seat)) {
    if (!hasKeyboard(seat)) continue;
    const keyboard = control.create(wl_keyboard, keyboardLearner(seat.name, keyboards));
    control.request(ids.get(seat.name) ?? 0, wl_seat, "get_keyboard", [keyboard]);
  }
  const xdgOutputs = new Map<number, LearnedEvent[]>();
  const areas = new Map<number, LogicalArea>();
  const [manager] = named(zxdg_output_manager_v1);
  for (const { name } of named(wl_output)) {
    const area = route.layout.areaOf(name);
    if (typeof area === "object") areas.set(name, area);
    if (manager === undefined) continue;
    const events: LearnedEvent[] = [];
    xdgOutputs.set(name, events);
    const args = [control.create(zxdg_output_v1, recorder(zxdg_output_v1, events)), ids.get(name) ?? 0];
    control.request(ids.get(manager.name) ?? 0, zxdg_output_manager_v1, "get_xdg_output", args);
  }
  await control.roundtrip();
  return { globals, keyboards, xdgOutputs, areas };
}

/** Keeps events whose arguments are plain values. */
function recorder(table: InterfaceTable, events: LearnedEvent[]): HostEventHandler {
  return (name, args) => {
    const { message } = messageByName(table, "events", name);
    if (message.args.some(({ type }) => type === "object" || type === "new_id" || type === "fd")) return;
    // Arrays are views of the message.
    events.push({ name, args: args.map((value) => (value instanceof Uint8Array ? value.slice() : value)) });
  };
}

function hasKeyboard({ events }: OfferedGlobal): boolean {
  const last = events.findLast(({ name }) => name === "capabilities");
  return (((last?.args[0] as number | undefined) ?? 0) & CAPABILITY_KEYBOARD) !== 0;
}

function keyboardLearner(seat: number, keyboards: Map<number, OfferedKeyboard>): HostEventHandler {
  return (name, args, [fd]) => {
    if (name === "keymap" && fd !== undefined) {
      const keymap = readKeymap(fd, args[2] as number);
      if (keymap !== undefined) keyboards.set(seat, { format: args[0] as number, keymap, repeat: undefined });
    } else if (name === "repeat_info") {
      const keyboard = keyboards.get(seat);
      if (keyboard !== undefined) keyboards.set(seat, { ...keyboard, repeat: args as [number, number] });
    }
  };
}

/** Read, never mapped; undefined for one that apps would not be given either. */
function readKeymap(fd: OwnedFd, size: number): Uint8Array | undefined {
  if (size > MAX_KEYMAP_BYTES) return undefined;
  const bytes = new Uint8Array(size);
  return bytes.subarray(0, preadInto(fd, bytes, 0));
}
