/** A window of the test client with the seat's devices, as an app has them: it knows the serials that it was given. */

import { wl_seat } from "../../src/wayland/generated/wayland.ts";
import type { Value } from "../../src/wayland/types.ts";
import { WaylandClient } from "./wayland-client.ts";
import type { ClientEvent, ClientObject } from "./wayland-object.ts";
import { openWindow, type TestWindow } from "./window.ts";

export class TestApp implements Disposable {
  readonly client: WaylandClient;
  readonly window: TestWindow;
  readonly seat: ClientObject;
  readonly pointer: ClientObject;
  readonly keyboard: ClientObject;

  private constructor(client: WaylandClient, seat: ClientObject, window: TestWindow) {
    this.client = client;
    this.seat = seat;
    this.window = window;
    this.pointer = client.create(seat, "get_pointer", []);
    this.keyboard = client.create(seat, "get_keyboard", []);
  }

  /** Connects to the socket at `path` and opens a window, 200 by 100 unless told otherwise. */
  static async open(path: string, appId: string, size: { width?: number; height?: number } = {}): Promise<TestApp> {
    const client = await WaylandClient.connect(path);
    const seat = client.bind(wl_seat);
    const { width = 200, height = 100 } = size;
    const window = await openWindow(client, { width, height, appId });
    const app = new TestApp(client, seat, window);
    await client.roundtrip();
    return app;
  }

  get surface(): ClientObject {
    return this.window.surface;
  }

  /** The next event of the pointer or keyboard. */
  async next(device: ClientObject, name: string): Promise<ClientEvent> {
    return await this.client.next(device, name);
  }

  /** The serial of the next press of a pointer button: the first argument of the event. */
  async pressed(): Promise<number> {
    const { args } = await this.client.next(this.pointer, "button");
    return args[0] as number;
  }

  /** Events of that name that have come and that nobody has taken, oldest first; takes them. */
  taken(object: ClientObject, name: string): (readonly Value[])[] {
    const all: (readonly Value[])[] = [];
    for (let event = object.take(name); event !== undefined; event = object.take(name)) all.push(event.args);
    return all;
  }

  close(): void {
    this.client.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
