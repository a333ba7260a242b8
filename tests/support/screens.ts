/** The screens of a compositor as one of its clients is told of them. */
import { wl_output } from "../../src/wayland/generated/wayland.ts";
import { zxdg_output_manager_v1 } from "../../src/wayland/generated/xdg-output-unstable-v1.ts";
import type { Value } from "../../src/wayland/types.ts";
import { WaylandClient } from "./wayland-client.ts";
import type { ClientObject } from "./wayland-object.ts";

/** Events of wl_output and zxdg_output that say nothing of makers, the last of each name. */
export type Screen = Readonly<Record<string, readonly Value[]>>;

const TOLD: readonly (readonly [name: string, args: number])[] = [
  ["mode", 4],
  ["scale", 1],
  ["name", 1],
];

/** Follows the screens on a connection of its own. */
export class Screens implements Disposable {
  readonly client: WaylandClient;
  readonly #manager: ClientObject;
  readonly #screens = new Map<number, Record<string, readonly Value[]>>();
  readonly #followed = new Set<number>();
  /** wl_output.done events so far. */
  done = 0;

  private constructor(client: WaylandClient) {
    this.client = client;
    this.#manager = client.bind(zxdg_output_manager_v1);
  }

  static async open(path: string): Promise<Screens> {
    const screens = new Screens(await WaylandClient.connect(path));
    await screens.update();
    return screens;
  }

  /** Follows screens that have come, forgets those that have gone; returns what is known then, by name. */
  async update(): Promise<Record<string, Screen>> {
    await this.client.roundtrip();
    for (const global of this.client.globals.values()) {
      if (global.interface !== wl_output.name || this.#followed.has(global.name)) continue;
      this.#followed.add(global.name);
      this.#follow(global.name);
    }
    await this.client.roundtrip();
    for (const name of this.#screens.keys()) if (!this.client.globals.has(name)) this.#screens.delete(name);
    const named = [...this.#screens.values()].map((screen) => [String(screen["wl_output.name"]?.[0]), screen] as const);
    return Object.fromEntries(named.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #follow(name: number): void {
    const screen: Record<string, readonly Value[]> = {};
    this.#screens.set(name, screen);
    const output = this.client.bindNamed(name, wl_output);
    for (const [event, count] of TOLD) {
      output.on(event, ({ args }) => {
        screen[`wl_output.${event}`] = args.slice(0, count);
      });
    }
    output.on("geometry", ({ args }) => {
      screen["wl_output.geometry"] = [args[0] as Value, args[1] as Value, args[7] as Value];
    });
    output.on("done", () => {
      this.done += 1;
    });
    const xdgOutput = this.client.create(this.#manager, "get_xdg_output", [output]);
    for (const event of ["logical_position", "logical_size", "name"]) {
      xdgOutput.on(event, ({ args }) => {
        screen[`zxdg_output.${event}`] = args;
      });
    }
  }

  [Symbol.dispose](): void {
    this.client.close();
  }
}
