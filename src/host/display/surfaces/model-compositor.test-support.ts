/**
 * What a compositor makes of requests for surfaces: wl_surface, wl_subsurface, wp_viewport and window geometry, with
 * their double buffering, written from the protocols alone and with nothing of the code that it judges. It stands on both sides of
 * the host half in tests: once it is asked what the guest asked for, once what the host half asks for.
 */
import { VitrineError } from "../../../base/error.ts";
import type { InterfaceTable, Value } from "../../../wayland/types.ts";
import type { Rect, Size } from "./rect.ts";

/** A wl_buffer: a part of some memory, in its pixels. */
export interface ModelBuffer extends Rect {
  readonly memory: string;
}

/** A surface on the screen. */
export interface Shown extends Rect {
  readonly surface: number;
  readonly memory: string;
  /** Which part of the memory, in pixels. */
  readonly source: Rect;
}

interface State {
  buffer: ModelBuffer | undefined;
  scale: number;
  source: Rect | undefined;
  destination: Size | undefined;
  geometry: Rect | undefined;
}

interface ModelSurface {
  readonly id: number;
  state: State;
  pending: Partial<State>;
  cached: Partial<State> | undefined;
  parent: ModelSurface | undefined;
  /** Bottom first; the surface itself is below all of them. */
  children: ModelSurface[];
  /** It has been there at a commit of its parent. */
  added: boolean;
  sync: boolean;
  position: { x: number; y: number };
  pendingPosition: { x: number; y: number };
}

const START: State = { buffer: undefined, scale: 1, source: undefined, destination: undefined, geometry: undefined };

export class ModelCompositor {
  readonly compositor = 1;
  readonly subcompositor = 2;
  readonly viewporter = 3;
  readonly #surfaces = new Map<number, ModelSurface>();
  readonly #subsurfaces = new Map<number, ModelSurface>();
  readonly #viewports = new Map<number, ModelSurface>();
  readonly #xdgSurfaces = new Map<number, ModelSurface>();
  readonly #buffers = new Map<number, ModelBuffer>();
  #lastId = 10;

  newId(): number {
    return ++this.#lastId;
  }

  addBuffer(buffer: ModelBuffer): number {
    const id = this.newId();
    this.#buffers.set(id, buffer);
    return id;
  }

  addXdgSurface(surface: number): number {
    const id = this.newId();
    this.#xdgSurfaces.set(id, this.#surface(surface));
    return id;
  }

  geometryOf(surface: number): Rect | undefined {
    return this.#surface(surface).state.geometry;
  }

  /** What is on the screen of the tree of `root`, bottom first, counted from the root's corner. */
  screen(root: number): Shown[] {
    return this.#shown(this.#surface(root), 0, 0);
  }

  send(id: number, table: InterfaceTable, name: string, args: readonly Value[]): void {
    const numbers = args as number[];
    switch (table.name) {
      case "wl_compositor":
        if (name === "create_surface") this.#create(numbers[0] ?? 0);
        return;
      case "wl_subcompositor":
        return this.#getSubsurface(numbers as [number, number, number]);
      case "wp_viewporter":
        this.#viewports.set(numbers[0] ?? 0, this.#surface(numbers[1] ?? 0));
        return;
      case "wl_surface":
        return this.#surfaceRequest(this.#surface(id), name, numbers);
      case "wl_subsurface":
        return this.#subsurfaceRequest(this.#subsurfaces.get(id) ?? broken(`no subsurface ${id}`), name, numbers);
      case "wp_viewport":
        return this.#viewportRequest(this.#viewports.get(id) ?? broken(`no viewport ${id}`), name, numbers);
      case "xdg_surface": {
        const [x = 0, y = 0, width = 0, height = 0] = numbers;
        const surface = this.#xdgSurfaces.get(id) ?? broken(`no xdg_surface ${id}`);
        surface.pending.geometry = { x, y, width, height };
        return;
      }
      case "wl_buffer":
        this.#buffers.delete(id);
        return;
      case "wl_region":
        return;
      default:
        broken(`${table.name}.${name} has nothing to do with surfaces`);
    }
  }

  #create(id: number): void {
    const start = {
      state: { ...START },
      pending: {},
      cached: undefined,
      parent: undefined,
      children: [],
      added: false,
    };
    this.#surfaces.set(id, { id, ...start, sync: true, position: { x: 0, y: 0 }, pendingPosition: { x: 0, y: 0 } });
  }

  #getSubsurface([id, surfaceId, parentId]: [number, number, number]): void {
    const surface = this.#surface(surfaceId);
    const parent = this.#surface(parentId);
    if (surface.parent !== undefined) broken(`surface ${surfaceId} has a parent already`);
    this.#subsurfaces.set(id, surface);
    surface.parent = parent;
    surface.added = false;
    surface.sync = true;
    surface.position = { x: 0, y: 0 };
    surface.pendingPosition = { x: 0, y: 0 };
    parent.children.push(surface);
  }

  #surfaceRequest(surface: ModelSurface, name: string, [a = 0]: number[]): void {
    switch (name) {
      case "attach":
        surface.pending.buffer = a === 0 ? undefined : (this.#buffers.get(a) ?? broken(`no buffer ${a}`));
        return;
      case "set_buffer_scale":
        surface.pending.scale = a;
        return;
      case "commit": {
        const change = surface.pending;
        surface.pending = {};
        if (isSynchronized(surface)) surface.cached = { ...surface.cached, ...change };
        else apply(surface, change);
        return;
      }
      case "destroy":
        for (const child of surface.children) child.parent = undefined;
        this.#surfaces.delete(surface.id);
        leave(surface);
    }
  }

  #subsurfaceRequest(surface: ModelSurface, name: string, [a = 0, b = 0]: number[]): void {
    switch (name) {
      case "set_position":
        surface.pendingPosition = { x: a, y: b };
        return;
      case "set_sync":
        surface.sync = true;
        return;
      case "set_desync":
        surface.sync = false;
        if (!isSynchronized(surface)) applyCached(surface);
        return;
      case "place_above":
      case "place_below": {
        const siblings = surface.parent?.children ?? [];
        const index = siblings.findIndex((sibling) => sibling.id === a);
        if (index < 0) broken(`surface ${a} is no sibling`);
        const sibling = siblings[index];
        siblings.splice(siblings.indexOf(surface), 1);
        siblings.splice(siblings.indexOf(sibling ?? surface) + (name === "place_above" ? 1 : 0), 0, surface);
        return;
      }
      case "destroy":
        leave(surface);
    }
  }

  #viewportRequest(surface: ModelSurface, name: string, args: number[]): void {
    const isUnset = args.every((value) => value < 0);
    if (name === "set_source") {
      const [x = 0, y = 0, width = 0, height = 0] = args.map((value) => value / 256);
      surface.pending = { ...surface.pending, source: isUnset ? undefined : { x, y, width, height } };
    } else if (name === "set_destination") {
      const [width = 0, height = 0] = args;
      surface.pending = { ...surface.pending, destination: isUnset ? undefined : { width, height } };
    }
  }

  #shown(surface: ModelSurface, x: number, y: number): Shown[] {
    const { buffer, scale, source, destination } = surface.state;
    if (buffer === undefined) return [];
    const whole = { x: 0, y: 0, width: buffer.width / scale, height: buffer.height / scale };
    const part = source ?? whole;
    if (part.x + part.width > whole.width || part.y + part.height > whole.height) broken("source outside the buffer");
    const { width, height } = destination ?? part;
    if (!Number.isInteger(width) || !Number.isInteger(height)) broken(`a surface of ${width}x${height}`);
    const own: Shown = {
      surface: surface.id,
      ...{ x, y, width, height },
      memory: buffer.memory,
      source: {
        x: buffer.x + part.x * scale,
        y: buffer.y + part.y * scale,
        width: part.width * scale,
        height: part.height * scale,
      },
    };
    const children = surface.children.filter((child) => child.added);
    const below = children.flatMap((child) => this.#shown(child, x + child.position.x, y + child.position.y));
    return [own, ...below];
  }

  #surface(id: number): ModelSurface {
    return this.#surfaces.get(id) ?? broken(`no surface ${id}`);
  }
}

function isSynchronized(surface: ModelSurface): boolean {
  return surface.parent !== undefined && (surface.sync || isSynchronized(surface.parent));
}

function apply(surface: ModelSurface, change: Partial<State>): void {
  surface.state = { ...surface.state, ...change };
  for (const child of surface.children) {
    child.added = true;
    child.position = child.pendingPosition;
    applyCached(child);
  }
}

/** Only when something waits: some compositors look no further where nothing does. */
function applyCached(surface: ModelSurface): void {
  const { cached } = surface;
  if (cached === undefined) return;
  surface.cached = undefined;
  apply(surface, cached);
}

function leave(surface: ModelSurface): void {
  const { parent } = surface;
  if (parent !== undefined) parent.children = parent.children.filter((child) => child !== surface);
  surface.parent = undefined;
}

function broken(what: string): never {
  throw new VitrineError("protocol", `the compositor refused a request: ${what}`);
}
