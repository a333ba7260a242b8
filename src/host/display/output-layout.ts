/**
 * Where the screens lie on the desktop, by the supervisor's own connection: for compositors that hide zxdg_output from
 * the apps' (relays/xdg-output.ts). The compositor's names of globals are the same on all of its connections.
 */
import { wl_output } from "../../wayland/generated/wayland.ts";
import { zxdg_output_manager_v1, zxdg_output_v1 } from "../../wayland/generated/xdg-output-unstable-v1.ts";
import type { Value } from "../../wayland/types.ts";
import type { ControlConnection, HostGlobal } from "./control-connection.ts";

/** Position and size in logical pixels. */
export interface LogicalArea {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What the relay asks. */
export interface Layout {
  /** The area of the screen whose global the compositor calls `hostName`. "pending": it is not known yet, wait for a change. */
  areaOf(hostName: number | undefined): LogicalArea | "pending" | "unknown";
  /** The areas that are known, by the names of their globals; undefined where nothing will be. */
  areas(): ReadonlyMap<number, LogicalArea> | undefined;
  /** Calls `listener` after changes; returns what ends that. */
  onChange(listener: () => void): () => void;
}

/** Nothing is known: where the apps' own connections know it, or nobody does. */
export const unknownLayout: Layout = { areaOf: () => "unknown", areas: () => undefined, onChange: () => () => {} };

/** That of the compositor of the moment. */
export class CurrentLayout implements Layout {
  #layout: Layout;
  #stop: () => void;
  readonly #listeners = new Set<() => void>();

  constructor(layout: Layout) {
    this.#layout = layout;
    this.#stop = layout.onChange(() => this.#changed());
  }

  /** Another compositor is there. */
  replace(layout: Layout): void {
    this.#stop();
    this.#layout = layout;
    this.#stop = layout.onChange(() => this.#changed());
    this.#changed();
  }

  areaOf(hostName: number | undefined): LogicalArea | "pending" | "unknown" {
    return this.#layout.areaOf(hostName);
  }

  areas(): ReadonlyMap<number, LogicalArea> | undefined {
    return this.#layout.areas();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

interface Screen {
  area: LogicalArea | undefined;
  /** Ids on the connection. */
  readonly output: number;
  readonly outputVersion: number;
  readonly xdgOutput: number;
}

/** The first with a request to let go of the object. */
const OUTPUT_VERSION = 3;
/** The last whose own event says that a change is complete. */
const XDG_OUTPUT_VERSION = 2;

export class OutputLayout implements Layout {
  readonly #control: ControlConnection;
  readonly #manager: number;
  readonly #screens = new Map<number, Screen>();
  readonly #listeners = new Set<() => void>();

  /** Follows the screens of `control`, whose compositor must offer zxdg_output_manager_v1. */
  constructor(control: ControlConnection, manager: HostGlobal) {
    this.#control = control;
    this.#manager = control.bind(manager, zxdg_output_manager_v1, Math.min(manager.version, XDG_OUTPUT_VERSION));
    for (const global of control.globals.values()) this.#follow(global, true);
    control.onGlobal = (global, present) => {
      this.#follow(global, present);
      control.flush();
    };
  }

  areaOf(hostName: number | undefined): LogicalArea | "pending" {
    return this.#screens.get(hostName ?? 0)?.area ?? "pending";
  }

  areas(): ReadonlyMap<number, LogicalArea> {
    return new Map([...this.#screens].flatMap(([name, { area }]) => (area === undefined ? [] : [[name, area]])));
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #follow(global: HostGlobal, present: boolean): void {
    if (global.interface !== wl_output.name) return;
    if (present) this.#add(global);
    else this.#remove(global);
  }

  #add(global: HostGlobal): void {
    const next = { x: 0, y: 0, width: 0, height: 0 };
    const handle = (name: string, args: readonly Value[]) => {
      if (name === "logical_position") [next.x, next.y] = args as [number, number];
      else if (name === "logical_size") [next.width, next.height] = args as [number, number];
      else if (name === "done") this.#changed(global.name, { ...next });
    };
    const outputVersion = Math.min(global.version, OUTPUT_VERSION);
    const output = this.#control.bind(global, wl_output, outputVersion);
    const xdgOutput = this.#control.create(zxdg_output_v1, handle);
    this.#control.request(this.#manager, zxdg_output_manager_v1, "get_xdg_output", [xdgOutput, output]);
    this.#screens.set(global.name, { area: undefined, output, outputVersion, xdgOutput });
  }

  #remove({ name }: HostGlobal): void {
    const screen = this.#screens.get(name);
    if (screen === undefined) return;
    this.#screens.delete(name);
    this.#control.request(screen.xdgOutput, zxdg_output_v1, "destroy", []);
    if (screen.outputVersion >= OUTPUT_VERSION) this.#control.request(screen.output, wl_output, "release", []);
  }

  #changed(name: number, area: LogicalArea): void {
    const screen = this.#screens.get(name);
    if (screen === undefined) return;
    screen.area = area;
    for (const listener of this.#listeners) listener();
  }
}
