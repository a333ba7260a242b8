/** The requests of an app that concern pixels: shared memory, surfaces, and what decides how their damage is counted. */
import { BYTES_PER_PIXEL } from "../../channel/contract/display.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { decode } from "../../wayland/decode.ts";
import { wp_viewport, wp_viewporter } from "../../wayland/generated/viewporter.ts";
import { wl_compositor, wl_shm, wl_shm_pool, wl_surface } from "../../wayland/generated/wayland.ts";
import { xdg_toplevel_icon_v1 } from "../../wayland/generated/xdg-toplevel-icon-v1.ts";
import type { RawMessage } from "../../wayland/message-reader.ts";
import type { MessageWriter } from "../../wayland/message-writer.ts";
import type { InterfaceTable, MessageTable } from "../../wayland/types.ts";
import { AppError, WL_DISPLAY, WL_DISPLAY_ERROR } from "./app-error.ts";
import type { AppObjects } from "./app-objects.ts";
import type { Arena } from "./arena.ts";
import { addIconBuffer } from "./icon-requests.ts";
import { MAX_POOLS } from "./limits.ts";
import type { LinkEnd } from "./link-end.ts";
import { PixelQueue, type Placement } from "./pixel-queue.ts";
import { rowsOf } from "./pixel-sink.ts";
import { SHM_ERROR, type ShmBuffer, ShmPool } from "./shm.ts";
import { type Copying, Surface } from "./surface.ts";

export type WaitReason = Extract<Placement, string> | "link";

/** A commit cannot be copied now: for want of a buffer (see {@link Placement}), or because the link takes no more. */
export class WaitForRelease {
  readonly reason: WaitReason;

  constructor(reason: WaitReason) {
    this.reason = reason;
  }
}

/** What the connection does for us. */
export interface AppSide {
  tell(id: number, event: "delete_id" | "release"): void;
  takeFd(): OwnedFd;
  /** Writes out what there is for the host; false when the link takes no more for the moment. */
  flush(): boolean;
}

export class PixelRequests {
  readonly #objects: AppObjects;
  readonly #link: LinkEnd;
  readonly #arena: Arena;
  readonly #writer: MessageWriter;
  readonly #app: AppSide;
  readonly #pools = new Map<number, ShmPool>();
  readonly #buffers = new Map<number, ShmBuffer>();
  readonly #surfaces = new Map<number, Surface>();
  readonly #viewports = new Map<number, Surface>();
  #openPools = 0;

  constructor(objects: AppObjects, link: LinkEnd, arena: Arena, writer: MessageWriter, app: AppSide) {
    this.#objects = objects;
    this.#link = link;
    this.#arena = arena;
    this.#writer = writer;
    this.#app = app;
  }

  /**
   * Looks at a request. True: it was dealt with and does not go to the host as it is. Throws {@link WaitForRelease} for a
   * commit that must be tried again.
   */
  request(raw: RawMessage, table: InterfaceTable, message: MessageTable): boolean {
    switch (table) {
      case wl_surface:
        return this.#surfaceRequest(raw, message);
      case wl_shm_pool:
        return this.#poolRequest(raw, message);
      case wl_compositor:
        if (message.name === "create_surface") this.#createSurface(decode(message, raw)[0] as number);
        return false;
      case wl_shm:
        if (message.name !== "create_pool") return false;
        this.#createPool(raw.objectId, decode(message, raw) as [number, number, number]);
        return true;
      case xdg_toplevel_icon_v1:
        if (message.name !== "add_buffer") return false;
        return this.#addIconBuffer(raw.objectId, decode(message, raw) as [number, number]);
      case wp_viewporter:
      case wp_viewport:
        this.#viewportRequest(raw, message);
        return false;
      default:
        return this.#destroyedBuffer(raw, message);
    }
  }

  /** The compositor has let go of an arena buffer. */
  released(buffer: number): void {
    for (const surface of this.#surfaces.values()) surface.queue.released(buffer);
  }

  /** Gives back the arena buffers that nobody reads. */
  dropIdle(): void {
    for (const surface of this.#surfaces.values()) surface.queue.dropIdle();
  }

  close(): void {
    for (const { pool } of this.#buffers.values()) pool.release();
    for (const pool of this.#pools.values()) pool.release();
    this.#buffers.clear();
    this.#pools.clear();
  }

  #surfaceRequest(raw: RawMessage, message: MessageTable): boolean {
    const surface = this.#surfaces.get(raw.objectId);
    if (surface === undefined) return false;
    if (message.name === "commit") return this.#commit(surface);
    if (message.name === "frame" || (message.name.startsWith("set_") && message.name.endsWith("_region"))) return false;
    const args = decode(message, raw) as [number, number, number, number];
    switch (message.name) {
      case "attach":
        return this.#attach(surface, ...(args as unknown as [number, number, number]));
      case "damage":
        surface.damageSurface(...args);
        return false;
      case "damage_buffer":
        surface.damageBuffer(...args);
        return false;
      case "set_buffer_scale":
        surface.scale = Math.max(1, args[0]);
        return false;
      case "set_buffer_transform":
        surface.transform = args[0];
        return false;
      case "destroy":
        surface.queue.dropAll();
        this.#surfaces.delete(surface.id);
        return false;
      default:
        return false;
    }
  }

  #attach(surface: Surface, bufferId: number, x: number, y: number): boolean {
    const buffer = this.#buffers.get(bufferId);
    surface.pending = buffer === undefined ? "other" : { buffer, x, y };
    return buffer !== undefined;
  }

  /** Copies the damage of the attached buffer and announces it. The commit itself goes to the host as it is. */
  #commit(surface: Surface): boolean {
    const { pending } = surface;
    if (pending === "other") {
      // Whatever was shown before is over: the next content is new as a whole, and until then needs no memory.
      surface.queue.dropAll();
    } else if (pending !== undefined) {
      const { buffer, x, y } = pending;
      surface.copying ??= this.#beginCopy(surface, buffer);
      const { steps, target } = surface.copying;
      while (!steps.next().done) if (!this.#app.flush()) throw new WaitForRelease("link");
      surface.copying = undefined;
      this.#link.attach(surface.id, target, x, y);
      this.#app.tell(buffer.id, "release");
    }
    surface.committed();
    return false;
  }

  #beginCopy(surface: Surface, { geometry, pool, offset }: ShmBuffer): Copying {
    const placement = surface.queue.place(geometry, surface.damage(geometry));
    if (typeof placement === "string") throw new WaitForRelease(placement);
    const { buffer: target, rects } = placement;
    const { sink } = this.#arena;
    const rows = rects.map((rect) => rowsOf(rect, geometry, offset, target.offset, sink.gapBytes));
    return { target, steps: sink.copy(pool.fd, rows, this.#writer) };
  }

  #addIconBuffer(icon: number, [bufferId, scale]: [number, number]): boolean {
    const buffer = this.#buffers.get(bufferId);
    if (buffer === undefined) return false;
    const to = { arena: this.#arena, link: this.#link, writer: this.#writer };
    if (!addIconBuffer(icon, buffer, scale, to)) throw new WaitForRelease("full");
    return true;
  }

  #createSurface(id: number): void {
    // An id that is in use is refused when the request is followed; the surface that has it stays what it is.
    if (!this.#surfaces.has(id)) this.#surfaces.set(id, new Surface(id, new PixelQueue(this.#link)));
  }

  #createPool(shm: number, [id, , size]: [number, number, number]): void {
    this.#objects.addFromApp(id, "wl_shm_pool");
    if (size <= 0) throw new AppError(shm, SHM_ERROR.invalidStride, `invalid size (${size})`);
    if (this.#openPools >= MAX_POOLS) {
      throw new AppError(WL_DISPLAY, WL_DISPLAY_ERROR.noMemory, `more than ${MAX_POOLS} shared-memory files`);
    }
    const fd = this.#app.takeFd();
    if (!ShmPool.accepts(fd)) {
      fd.close();
      throw new AppError(shm, SHM_ERROR.invalidFd, "the descriptor of a pool cannot be read as memory");
    }
    this.#openPools += 1;
    const closed = () => {
      this.#openPools -= 1;
    };
    this.#pools.set(id, new ShmPool(fd, size, closed));
  }

  #poolRequest(raw: RawMessage, message: MessageTable): boolean {
    const pool = this.#pools.get(raw.objectId);
    if (pool === undefined) return true;
    const args = decode(message, raw) as [number, number, number, number, number, number];
    if (message.name === "create_buffer") {
      const [id, offset, width, height, stride, format] = args;
      const geometry = { width, height, stride, format };
      if (!BYTES_PER_PIXEL.has(format)) {
        throw new AppError(raw.objectId, SHM_ERROR.invalidFormat, `invalid format 0x${format.toString(16)}`);
      }
      if (!pool.holds(offset, geometry)) {
        throw new AppError(
          raw.objectId,
          SHM_ERROR.invalidStride,
          `invalid buffer ${width}x${height}, stride ${stride}`,
        );
      }
      this.#objects.addFromApp(id, "wl_buffer");
      this.#buffers.set(id, { id, pool: pool.retain(), offset, geometry });
    } else if (message.name === "resize") {
      if (!pool.resize(args[0]))
        throw new AppError(raw.objectId, SHM_ERROR.invalidFd, "shrinking a pool is not allowed");
    } else {
      this.#pools.delete(raw.objectId);
      pool.release();
      this.#gone(raw.objectId);
    }
    return true;
  }

  /** wl_buffer.destroy of a buffer in shared memory, of which the host does not know. */
  #destroyedBuffer(raw: RawMessage, message: MessageTable): boolean {
    const buffer = this.#buffers.get(raw.objectId);
    if (buffer === undefined || !message.destructor) return false;
    this.#buffers.delete(buffer.id);
    for (const surface of this.#surfaces.values()) {
      if (typeof surface.pending === "object" && surface.pending.buffer === buffer) surface.pending = undefined;
    }
    buffer.pool.release();
    this.#gone(buffer.id);
    return true;
  }

  #gone(id: number): void {
    this.#objects.delete(id);
    this.#app.tell(id, "delete_id");
  }

  #viewportRequest(raw: RawMessage, message: MessageTable): void {
    if (message.name === "get_viewport") {
      const [id, surfaceId] = decode(message, raw) as [number, number];
      const surface = this.#surfaces.get(surfaceId);
      if (surface !== undefined) this.#viewports.set(id, surface);
      return;
    }
    const surface = this.#viewports.get(raw.objectId);
    if (surface === undefined) return;
    surface.viewport = !message.destructor;
    if (message.destructor) this.#viewports.delete(raw.objectId);
  }
}
