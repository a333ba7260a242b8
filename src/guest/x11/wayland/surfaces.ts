/** The surfaces of Xwayland's connection, and the sizes of the buffers that they show. */
import type { RawMessage } from "../../../wayland/message-reader.ts";
import type { Value } from "../../../wayland/types.ts";
import { BridgeSurface, type HeldAnswers } from "./surface.ts";
import type { Size } from "./types.ts";

export class Surfaces {
  /** Called for each new surface, and before one is destroyed. */
  onCreated: (surface: BridgeSurface) => void = () => {};
  onDestroy: (surface: BridgeSurface) => void = () => {};
  readonly #pass: (bytes: Uint8Array) => void;
  readonly #answers: HeldAnswers;
  readonly #surfaces = new Map<number, BridgeSurface>();
  readonly #bufferSizes = new Map<number, Size>();

  /** `pass` sends a request of Xwayland's on. */
  constructor(pass: (bytes: Uint8Array) => void, answers: HeldAnswers) {
    this.#pass = pass;
    this.#answers = answers;
  }

  get(id: number): BridgeSurface | undefined {
    return this.#surfaces.get(id);
  }

  /** Lets through what has waited. The commit for it is the caller's. Returns whether there was one to be done. */
  open(surface: BridgeSurface): boolean {
    const isCommitDue = surface.hasHeldContent;
    for (const bytes of surface.open()) this.#pass(bytes);
    surface.isBetweenCommits = true;
    return isCommitDue;
  }

  /** The display has been told of a new surface. */
  add(id: number): void {
    const surface = new BridgeSurface(id, this.#answers);
    this.#surfaces.set(id, surface);
    this.onCreated(surface);
  }

  /** A request of Xwayland's to anything but the display and its registry. */
  request(interfaceName: string, name: string, raw: RawMessage, args: readonly Value[]): "pass" | "hold" {
    switch (`${interfaceName}.${name}`) {
      case "wl_shm_pool.create_buffer": {
        const [id, , width, height] = args as [number, number, number, number];
        this.#bufferSizes.set(id, { width, height });
        return "pass";
      }
      case "wl_buffer.destroy":
        this.#bufferSizes.delete(raw.objectId);
        for (const surface of this.#surfaces.values()) surface.bufferGone(raw.objectId);
        return "pass";
      case "wl_pointer.set_cursor":
      case "zwp_tablet_tool_v2.set_cursor":
        this.#becomesCursor(args[1] as number);
        return "pass";
      default:
        return interfaceName === "wl_surface" ? this.#surfaceRequest(name, raw, args) : "pass";
    }
  }

  #surfaceRequest(name: string, raw: RawMessage, args: readonly Value[]): "pass" | "hold" {
    const surface = this.#surfaces.get(raw.objectId);
    if (surface === undefined) return "pass";
    switch (name) {
      case "attach": {
        surface.isBetweenCommits = true;
        const bufferId = args[0] as number;
        return surface.attach({ bufferId, size: this.#bufferSizes.get(bufferId), bytes: raw.bytes });
      }
      case "frame":
        surface.isBetweenCommits = true;
        return surface.frame(args[0] as number, raw.bytes);
      case "commit":
        return surface.commit();
      case "destroy":
        this.onDestroy(surface);
        surface.end();
        this.#surfaces.delete(surface.id);
        return "pass";
      default:
        surface.isBetweenCommits = true;
        return "pass";
    }
  }

  /** A cursor needs nobody's leave. What it shows comes after it has been named, so nothing has waited. */
  #becomesCursor(id: number): void {
    const surface = this.#surfaces.get(id);
    if (surface?.state === "held") this.open(surface);
  }
}
