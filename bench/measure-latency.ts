/** From a key press in the compositor to the changed pixel on its screen. */
import { Mapping, memfdCreate } from "../src/sys/memory.ts";
import { wl_output, wl_shm } from "../src/wayland/generated/wayland.ts";
import type { Compositor } from "../tests/support/compositor.ts";
import { VirtualInput } from "../tests/support/input.ts";
import { WaylandClient } from "../tests/support/wayland-client.ts";
import type { ClientObject } from "../tests/support/wayland-object.ts";
import { zwlr_screencopy_manager_v1 } from "../tests/support/wlr-tables.ts";
import type { Way } from "./ways/way.ts";

const WATCHED = 16;
const SETTLE_MS = 200;
const CHANGE_DEADLINE_MS = 10_000;
/** Presses before those that count: caches and translated code are warm then. */
const WARM_UP_PRESSES = 10;

/** A square of the screen, copied whenever something on the screen has changed. */
class Watcher implements Disposable {
  readonly #client: WaylandClient;
  readonly #manager: ClientObject;
  readonly #output: ClientObject;
  readonly #position: readonly [number, number];
  readonly #mapping: Mapping;
  readonly #buffer: ClientObject;

  private constructor(client: WaylandClient, position: readonly [number, number]) {
    this.#client = client;
    this.#position = position;
    this.#manager = client.bind(zwlr_screencopy_manager_v1);
    this.#output = client.bind(wl_output);
    const bytes = WATCHED * WATCHED * 4;
    using file = memfdCreate("watched", bytes);
    this.#mapping = Mapping.map(file, { length: bytes, writable: true });
    const pool = client.create(client.bind(wl_shm), "create_pool", [bytes], [file]);
    this.#buffer = client.create(pool, "create_buffer", [0, WATCHED, WATCHED, WATCHED * 4, 1]);
  }

  static async start(socketPath: string, position: readonly [number, number]): Promise<Watcher> {
    return new Watcher(await WaylandClient.connect(socketPath), position);
  }

  /** The square now; with `afterChange`, the compositor answers once the screen has changed after `asked`. */
  async picture(afterChange: boolean, asked: () => void | Promise<void> = () => {}): Promise<Buffer> {
    const client = this.#client;
    const [x, y] = this.#position;
    const region = [0, this.#output, x, y, WATCHED, WATCHED];
    const frame = client.create(this.#manager, "capture_output_region", region);
    await client.next(frame, "buffer_done");
    client.request(frame, afterChange ? "copy_with_damage" : "copy", [this.#buffer]);
    await client.roundtrip();
    await asked();
    await client.next(frame, "ready", CHANGE_DEADLINE_MS);
    client.request(frame, "destroy", []);
    return Buffer.from(this.#mapping.bytes);
  }

  [Symbol.dispose](): void {
    this.#client.close();
    this.#mapping[Symbol.dispose]();
  }
}

/** Milliseconds of each of `presses` key presses, sorted. */
export async function measureLatency(compositor: Compositor, way: Way, presses: number): Promise<number[]> {
  using input = await VirtualInput.create(compositor.socketPath);
  const app = await way.runClient(["keys"]);
  await app.lines.find("ready");
  const window = await compositor.sway.waitForWindow((candidate) => candidate.focused);
  using watcher = await Watcher.start(compositor.socketPath, [window.rect.x + 64, window.rect.y + 64]);
  const taken: number[] = [];
  for (let press = 0; press < presses + WARM_UP_PRESSES; press++) {
    // Long enough for what the last press may still bring, and anywhere in the time between two frames of the screen.
    await Bun.sleep(SETTLE_MS + ((press * 7) % 17));
    const old = await watcher.picture(false);
    let began = 0;
    let now = await watcher.picture(true, () => {
      began = performance.now();
      return input.key("a");
    });
    while (now.equals(old)) now = await watcher.picture(false);
    if (press >= WARM_UP_PRESSES) taken.push(performance.now() - began);
  }
  await app.close();
  return taken.sort((a, b) => a - b);
}
