/** Shared memory of a test client, drawn in by hand, and surfaces that show it. */
import { ftruncateSync } from "node:fs";
import type { OwnedFd } from "../../../src/sys/fd.ts";
import { Mapping, memfdCreate } from "../../../src/sys/memory.ts";
import { wl_shm } from "../../../src/wayland/generated/wayland.ts";
import type { WaylandClient } from "../../support/wayland-client.ts";
import type { ClientObject } from "../../support/wayland-object.ts";

export const ARGB8888 = 0;
export const XRGB8888 = 1;
const PIXEL_BYTES = 4;

export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A part of a pool seen as pixels. */
export interface Picture extends Pick<Area, "width" | "height"> {
  readonly buffer: ClientObject;
  readonly offset: number;
}

/** A pool of shared memory. */
export class Canvas implements Disposable {
  readonly #client: WaylandClient;
  readonly #file: OwnedFd;
  readonly pool: ClientObject;
  #mapping: Mapping;

  constructor(client: WaylandClient, bytes: number) {
    this.#client = client;
    this.#file = memfdCreate("canvas", bytes);
    this.#mapping = Mapping.map(this.#file, { length: bytes, writable: true });
    this.pool = client.create(client.bind(wl_shm), "create_pool", [bytes], [this.#file]);
  }

  /** Makes the pool larger, with the file under it. */
  grow(bytes: number): void {
    ftruncateSync(this.#file.raw, bytes);
    this.#mapping.close();
    this.#mapping = Mapping.map(this.#file, { length: bytes, writable: true });
    this.#client.request(this.pool, "resize", [bytes]);
  }

  picture(offset: number, width: number, height: number, format = XRGB8888): Picture {
    const args = [offset, width, height, width * PIXEL_BYTES, format];
    return { offset, width, height, buffer: this.#client.create(this.pool, "create_buffer", args) };
  }

  /** Draws a pattern in which pixels differ by place and by `seed`, opaque, into a part of a picture. */
  draw({ offset, width, height }: Picture, seed: number, area: Area = { x: 0, y: 0, width, height }): void {
    const { buffer, byteOffset } = this.#mapping.bytes;
    const pixels = new Uint32Array(buffer, byteOffset + offset, width * height);
    for (let y = area.y; y < area.y + area.height; y++) {
      for (let x = area.x; x < area.x + area.width; x++) {
        pixels[y * width + x] = (0xff00_0000 | (x * 0x1_0307 + y * 0x5_0903 + seed * 0x3f_1b7d)) >>> 0;
      }
    }
  }

  /** All of a pool's bytes. */
  get bytes(): Uint8Array {
    return this.#mapping.bytes;
  }

  [Symbol.dispose](): void {
    this.#mapping.close();
    this.#file.close();
  }
}

/** Commits a surface and waits until a frame with it was drawn. */
export async function show(client: WaylandClient, surface: ClientObject): Promise<void> {
  const callback = client.create(surface, "frame", []);
  client.request(surface, "commit", []);
  await client.next(callback, "done");
}
